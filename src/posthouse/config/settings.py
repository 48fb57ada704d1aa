"""All settings of an installation, read once from the environment (docs/operator/settings.md)."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from posthouse.config.environment import Environment

env = Environment()
PACKAGE = Path(__file__).resolve().parent.parent

# --- where things are ----------------------------------------------------------------------------
HOME = env.path("POSTHOUSE_HOME", "var")
BASE_URL = env.url("POSTHOUSE_BASE_URL", "http://127.0.0.1:8000")
DNS_CONFIG = env.path("POSTHOUSE_DNS_CONFIG", str(PACKAGE.parent.parent / "config" / "dns.toml"))
DATABASES = {"default": env.database("POSTHOUSE_DATABASE_URL", f"sqlite:///{HOME}/posthouse.db")}

# --- secrets: each from NAME, NAME_FILE, or a file made on the first start -----------------------
SECRET_KEY = env.secret("POSTHOUSE_SECRET_KEY", HOME / "keys" / "secret")
ENCRYPTION_KEY = env.secret("POSTHOUSE_ENCRYPTION_KEY", HOME / "keys" / "encryption")
TOKEN_KEY = env.secret("POSTHOUSE_TOKEN_KEY", HOME / "keys" / "token")

# --- mail ----------------------------------------------------------------------------------------
DNS_RESOLVERS = env.names("POSTHOUSE_DNS_RESOLVERS", "1.1.1.1:53,9.9.9.9:53")
DNS_AUTHORITY_PORT = env.number("POSTHOUSE_DNS_AUTHORITY_PORT", 53)
DNS_RECHECK = timedelta(hours=env.number("POSTHOUSE_DNS_RECHECK_HOURS", 24))
DNS_SUBDOMAIN = env.text("EMAILCAMPAIGN_DNS_SUBDOMAIN", "sl")
DNS_TRACK_PREFIX = env.text("EMAILCAMPAIGN_DNS_TRACK_PREFIX", "track")
DNS_TRACK_MERGE = env.text("EMAILCAMPAIGN_DNS_TRACK_MERGE", "-")
DNS_GATEWAY_SUBDOMAIN = env.text("EMAILGATEWAY_DNS_SUBDOMAIN", "sl")
HELO_NAME = env.text("POSTHOUSE_HELO_NAME", "")
DKIM_PRIVATE_KEY = env.text("POSTHOUSE_DKIM_PRIVATE_KEY", "")
DKIM_KEEP = timedelta(days=env.number("POSTHOUSE_DKIM_KEEP_DAYS", 7))
DISK_FOLDER = env.path("POSTHOUSE_DISK_FOLDER", str(HOME / "saved-mail"))
SYSTEM_SERVER = env.text("POSTHOUSE_SYSTEM_SERVER", "")
SYSTEM_FROM = env.text("POSTHOUSE_SYSTEM_FROM", f"posthouse@{urlsplit(BASE_URL).hostname}")

# --- webhooks ------------------------------------------------------------------------------------
WEBHOOKS_ALLOWED_NETWORKS = env.networks("POSTHOUSE_WEBHOOKS_ALLOWED_NETWORKS", "")

# --- engines -------------------------------------------------------------------------------------
BATCH_SIZE = env.number("POSTHOUSE_BATCH_SIZE", 500)
LEASE_SECONDS = env.number("POSTHOUSE_LEASE_SECONDS", 60)
UNCERTAIN_RETRY_SECONDS = env.number("POSTHOUSE_UNCERTAIN_RETRY_SECONDS", 60)
UNCERTAIN_RULE = env.choice("POSTHOUSE_UNCERTAIN_RULE", "once", ("once", "never"))
ENGINE_WORKERS = env.number("POSTHOUSE_ENGINE_WORKERS", 4)
ENGINES = env.number("POSTHOUSE_ENGINE_COUNT", 1)

# --- Django --------------------------------------------------------------------------------------
DEBUG = False
ALLOWED_HOSTS = [urlsplit(BASE_URL).hostname or "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SECURE_COOKIES = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "posthouse_session"
CSRF_COOKIE_NAME = "posthouse_csrf"
CSRF_FAILURE_VIEW = "posthouse.http.errors.csrf_failed"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
if SECURE_COOKIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_cotton.apps.SimpleAppConfig",
    "django_htmx",
    "posthouse.http",
    "posthouse.accounts",
    "posthouse.audience",
    "posthouse.domains",
    "posthouse.servers",
    "posthouse.content",
    "posthouse.deliveries",
    "posthouse.webhooks",
    "posthouse.campaigns",
    "posthouse.housekeeping",
    "posthouse.operations",
    "posthouse.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "posthouse.http.headers.SecurityHeadersMiddleware",
    "posthouse.http.nul.RefuseNulMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "posthouse.accounts.middleware.ApiKeyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "http" / "templates"],  # before allauth's, whose pages ours replace
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "posthouse.web.navigation.navigation",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "posthouse.http.templatetags.posthouse",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
COTTON_ISOLATE_BY_DEFAULT = True  # a page's `title` must not become the title of a card inside
ROOT_URLCONF = "posthouse.web.urls"
WSGI_APPLICATION = "posthouse.web.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "web" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 * 2**20
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "http_cache",  # shared by all web processes: sign-in throttles must be
        # When it is full a third is thrown away, throttles too: filling it must not be cheap.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# --- sign-in -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "posthouse.accounts.adapter.SignInAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no mail to strangers because somebody typed their address
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,10/10m/key"}  # key: the account guessed at (A16)
ALLAUTH_TRUSTED_PROXY_COUNT = int(env.choice("POSTHOUSE_TRUSTED_PROXIES", "0", tuple("0123")))
PASSWORD_RESET_TIMEOUT = 3600
MFA_ADAPTER = "posthouse.accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Posthouse"
MFA_TOTP_TOLERANCE = 0  # a code is remembered as used for one period, so it may last no longer
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE_COOKIES

EMAIL_CONFIG = env.mail("POSTHOUSE_SYSTEM_MAIL_URL", HOME / "system-mail")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = SYSTEM_FROM

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "posthouse.config.logs.Formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env.text("POSTHOUSE_LOG_LEVEL", "INFO")},
    "loggers": {"httpx": {"level": "WARNING"}},  # it tells the URLs, in which customers hide words
}

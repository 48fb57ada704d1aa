"""Addresses of the webhook pages."""

from django.urls import path

from posthouse.webhooks import call_pages, pages

account_urlpatterns = [
    path("settings/webhooks/", pages.listing, name="list"),
    path("settings/webhooks/new/", pages.new, name="new"),
    path("settings/webhooks/<str:webhook>/", pages.show, name="show"),
    path("settings/webhooks/<str:webhook>/edit/", pages.edit, name="edit"),
    path("settings/webhooks/<str:webhook>/secret/", pages.secret, name="secret"),
    path("settings/webhooks/<str:webhook>/switch/", pages.switch, name="switch"),
    path("settings/webhooks/<str:webhook>/delete/", pages.delete, name="delete"),
    path("settings/webhooks/<str:webhook>/test/", call_pages.test, name="test"),
    path("settings/webhooks/<str:webhook>/again/", call_pages.again_failed, name="again-failed"),
    path("settings/webhooks/<str:webhook>/calls/<str:call>/", call_pages.show, name="call"),
    path(
        "settings/webhooks/<str:webhook>/calls/<str:call>/standing/",
        call_pages.standing,
        name="call-standing",
    ),
    path("settings/webhooks/<str:webhook>/calls/<str:call>/again/", call_pages.again, name="again"),
]

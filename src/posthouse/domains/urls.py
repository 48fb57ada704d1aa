"""Addresses of the sender domain pages."""

from django.urls import path

from posthouse.domains import admin, difference_admin, key_pages, pages, record_pages

account_urlpatterns = [
    path("settings/domains/", pages.show_list, name="list"),
    path("settings/domains/new/", pages.add, name="add"),
    path("settings/domains/verify/", pages.verify_pending, name="verify-pending"),
    path("settings/domains/<str:domain>/", pages.show, name="show"),
    path("settings/domains/<str:domain>/status/", pages.status, name="status"),
    path("settings/domains/<str:domain>/verify/", pages.verify, name="verify"),
    path("settings/domains/<str:domain>/options/", pages.options, name="options"),
    path("settings/domains/<str:domain>/options/preview/", pages.preview, name="preview"),
    path("settings/domains/<str:domain>/keys/", key_pages.show, name="keys"),
    path("settings/domains/<str:domain>/keys/rotate/", key_pages.rotate, name="rotate"),
    path("settings/domains/<str:domain>/keys/call-off/", key_pages.call_off, name="call-off"),
    path("settings/domains/<str:domain>/history/", pages.history, name="history"),
    path("settings/domains/<str:domain>/zone/", record_pages.zone, name="zone"),
    path("settings/domains/<str:domain>/csv/", record_pages.table, name="csv"),
    path("settings/domains/<str:domain>/send/", record_pages.send, name="send"),
    path("settings/domains/<str:domain>/switch/", pages.switch, name="switch"),
    path("settings/domains/<str:domain>/delete/", pages.delete, name="delete"),
]
operator_urlpatterns = [
    path("sender-domains/", admin.show_list, name="list"),
    path("sender-domains/<str:domain>/", admin.show, name="domain"),
    path("sender-domains/<str:domain>/check/", admin.check, name="check"),
    path("sender-domains/<str:domain>/switch/", admin.switch, name="switch"),
    path("sender-domains/<str:domain>/difference/", difference_admin.difference, name="difference"),
    path("dns-templates/", admin.templates, name="templates"),
    path("dns-templates/changes/", difference_admin.changes, name="changes"),
    path("dns-templates/check/", admin.check_master, name="check-master"),
]

"""Addresses of the operations pages, all in the operator area."""

from django.urls import path

from posthouse.operations import admin

app_name = "operations"

operator_urlpatterns = [
    path("engines/", admin.engines, name="engines"),
    path("volume/", admin.sent, name="volume"),
    path("engines/now/", admin.engines_now, name="engines-now"),
]

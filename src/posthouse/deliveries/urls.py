"""Addresses of the pages about how mail leaves, and how much of it may."""

from django.urls import path

from posthouse.deliveries import admin, pages, route_admin

app_name = "deliveries"

account_urlpatterns = [path("settings/limits/", pages.limits, name="limits")]
operator_urlpatterns = [
    path("groups/<str:group>/limits/", admin.group_limits, name="group-limits"),
    path("accounts/<str:account>/limits/", admin.account_limits, name="account-limits"),
    path("accounts/<str:account>/route/", route_admin.explain_route, name="route"),
]

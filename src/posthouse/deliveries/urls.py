"""Addresses of the pages about how mail leaves."""

from django.urls import path

from posthouse.deliveries import route_admin

app_name = "deliveries"

operator_urlpatterns = [
    path("accounts/<str:account>/route/", route_admin.explain_route, name="route"),
]

"""Addresses of the pages about what is said."""

from django.urls import path

from posthouse.content import admin

app_name = "content"

operator_urlpatterns = [
    path("groups/<str:group>/headers/", admin.frame, name="frame"),
]

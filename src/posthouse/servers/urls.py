"""Addresses of the delivery server pages, all in the operator area."""

from django.urls import path

from posthouse.servers import admin, admin_accounts

app_name = "servers"

operator_urlpatterns = [
    path("servers/", admin.listing, name="list"),
    path("servers/new/", admin.create, name="new"),
    path("servers/<str:server>/", admin.edit, name="edit"),
    path("servers/<str:server>/test/", admin.test, name="test"),
    path("servers/<str:server>/use/", admin.use, name="use"),
    path("servers/<str:server>/use/end/", admin.end_use, name="end-use"),
    path("servers/<str:server>/pause/", admin.pause, name="pause"),
    path("servers/<str:server>/resume/", admin.resume, name="resume"),
    path("servers/<str:server>/dns/", admin.check_dns, name="check-dns"),
    path("servers/<str:server>/retire/", admin.retire, name="retire"),
    path("servers/<str:server>/bring-back/", admin.bring_back, name="bring-back"),
    path("servers/<str:server>/delete/", admin.delete, name="delete"),
    path("groups/<str:group>/routing/", admin.routing, name="routing"),
    path("accounts/<str:account>/routing/", admin_accounts.routing, name="account-routing"),
]

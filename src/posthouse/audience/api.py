"""The audience over the API: everything that its pages can do."""

from ninja import Router

from posthouse.audience import api_imports, api_lists, api_people

router = Router()
router.add_router("", api_lists.router)
router.add_router("", api_people.router)
router.add_router("", api_imports.router)

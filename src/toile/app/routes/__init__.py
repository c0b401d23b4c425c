"""The API, one module per page: each route calls the library and returns its result as JSON."""

from toile.app.routes import (
    build,
    data,
    drafts,
    imports,
    pages,
    pictures,
    remarks,
    runs,
    train,
    trying,
    uploads,
)

ROUTERS = (
    data.router,
    pictures.router,
    uploads.router,
    imports.router,
    runs.router,
    remarks.router,
    pages.router,
    train.router,
    build.router,
    trying.router,
    drafts.router,
)

__all__ = ["ROUTERS"]

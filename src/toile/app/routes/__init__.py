"""The API, a module for each page: words of a request in, a verb of the library, its answer out."""

from toile.app.routes import (
    build,
    data,
    drafts,
    imports,
    pages,
    pictures,
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
    pages.router,
    train.router,
    build.router,
    trying.router,
    drafts.router,
)

__all__ = ["ROUTERS"]

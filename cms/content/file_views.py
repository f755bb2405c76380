"""Files for editors: downloads of the library and thumbnails in the admin. Anyone else gets the same 404 for all."""

from django.contrib.auth.models import AbstractBaseUser
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from wagtail.documents.permissions import permission_policy as document_policy
from wagtail.images.permissions import permission_policy as picture_policy

from cms.content.files import FileAsset, Picture, PictureRendition

_ANY = ["add", "change", "delete", "choose"]


@never_cache
@require_safe
def serve_document(request: HttpRequest, document_id: int, document_filename: str) -> HttpResponse:
    """Download a file of the library, if the user may work with its collection."""
    asset = FileAsset.objects.filter(pk=document_id).first()
    if asset is None or asset.filename != document_filename or not _may_use(request.user, document_policy, asset):
        raise Http404
    return _download(asset.file.name, asset.filename)


@never_cache
@require_safe
def serve_media(request: HttpRequest, name: str) -> HttpResponse:
    """Show a picture or one of its renditions, if the user may work with its collection."""
    picture = Picture.objects.filter(file=name).first()
    if picture is None:
        rendition = PictureRendition.objects.filter(file=name).select_related("image").first()
        picture = rendition.image if rendition else None
    if picture is None or not _may_use(request.user, picture_policy, picture):
        raise Http404
    return _download(name, None)


def _may_use(user: AbstractBaseUser, policy: object, instance: object) -> bool:
    return user.is_authenticated and policy.user_has_any_permission_for_instance(user, _ANY, instance)


def _download(name: str, filename: str | None) -> HttpResponse:
    if not default_storage.exists(name):
        raise Http404
    response = FileResponse(
        default_storage.open(name, "rb"), as_attachment=filename is not None, filename=filename or ""
    )
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    return response

"""What holds everywhere. The README's table lists every variable read here."""

from pathlib import Path

import dj_database_url
from django.utils.translation import gettext_lazy as _

from cms.settings import environment as env

ROOT = env.ROOT
VAR = env.directory("VAR_DIR", ROOT / "var")

DEBUG = False
SECRET_KEY = (
    env.required("SECRET_KEY", "set SECRET_KEY to 50 or more random characters and keep it secret", minimum=50)
    or "missing"  # an empty one stops Django before the checks could say what to do
)
FEED_TOKEN = env.required(
    "FEED_TOKEN", "set FEED_TOKEN to the same 32 or more random characters for CMS and publisher", minimum=32
)
SEARCH_TOKEN = env.required(
    "SEARCH_TOKEN", "set SEARCH_TOKEN to the same 32 or more random characters for CMS and search service", minimum=32
)
# Every reader reaches the search service: whoever breaks into it must not find what opens drafts.
env.different("SEARCH_TOKEN", "FEED_TOKEN")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")

SITE_URL = env.address("SITE_URL", "http://localhost:8000")  # the reading site
CMS_URL = env.address("CMS_URL", "http://localhost:8001")
PREVIEW_URL = env.address("PREVIEW_URL", "http://localhost:8002/preview/")
SEARCH_URL = env.address("SEARCH_URL", "http://localhost:8000").rstrip("/")  # the search service, from here
ALERTS_HOUR = int(env.choice("ALERTS_HOUR", "6", tuple(str(hour) for hour in range(24))))
EMAIL_TIMEOUT = 10  # seconds; without it a silent mail server holds an approval up for minutes

INSTALLED_APPS = [
    "cms.units",
    "cms.content",
    "cms.ledger",
    "cms.editorial",
    "cms.importing",
    "cms.searching",
    "cms.alerts",
    "cms.api",
    "wagtail_headless_preview",
    "wagtail.users",
    "wagtail.images",
    "wagtail.documents",
    "wagtail.snippets",
    "wagtail.search",
    "wagtail.admin",
    "wagtail.sites",
    "wagtail",
    "modelcluster",
    "taggit",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "cms.urls"
WSGI_APPLICATION = "cms.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

_database_url = env.text("DATABASE_URL", f"sqlite:///{VAR / 'cms.sqlite3'}")
try:
    DATABASES = {"default": dj_database_url.parse(_database_url, conn_max_age=60, conn_health_checks=True)}
except (dj_database_url.ParseError, ValueError) as error:
    env.problems.append(
        ("DATABASE_URL", f"cannot be read ({error})", "write it like postgres://user:password@host:5432/name")
    )
    DATABASES = {"default": dj_database_url.parse("sqlite://:memory:")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # A writer takes the lock when its transaction starts: two approvals then wait for each other instead of failing
    # when the second one upgrades its lock. WAL lets the feed be read meanwhile.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "bangtin_cms"  # cookies ignore the port: keep apart from other services of the same host
X_FRAME_OPTIONS = "SAMEORIGIN"  # Wagtail's own preview pane is a frame of this host
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LOCALE_PATHS = [ROOT / "cms" / "locale", ROOT / "cms" / "locale_wagtail"]
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["cms.formats"]
WAGTAIL_DATE_FORMAT = "%d/%m/%Y"
WAGTAIL_DATETIME_FORMAT = "%d/%m/%Y %H:%M"

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [ROOT / "cms" / "static"]
MEDIA_ROOT = env.directory("MEDIA_DIR", VAR / "media")
MEDIA_URL = "/media/"  # answered by a view that asks who is there, never by the web server
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    # What the ledger published, by content: never replaced, handed only to the publisher.
    "published": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR / "published" if not env.text("MEDIA_DIR") else Path(MEDIA_ROOT) / "published"},
    },
}

WAGTAIL_SITE_NAME = env.text("SITE_NAME", "Trang thông tin Đảng bộ")
WAGTAILADMIN_BASE_URL = CMS_URL
WAGTAIL_I18N_ENABLED = False
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_ALLOW_UNICODE_SLUGS = False
WAGTAIL_AUTOSAVE_INTERVAL = 0  # 500 ms by default: floods the history with revisions nobody asked for
WAGTAIL_FINISH_WORKFLOW_ACTION = "cms.editorial.finish.publish_approved"
WAGTAIL_WORKFLOW_REQUIRE_REAPPROVAL_ON_EDIT = True
WAGTAILEMBEDS_FINDERS = []  # embeds would fetch addresses an editor chooses
WAGTAILIMAGES_IMAGE_MODEL = "content.Picture"
WAGTAILDOCS_DOCUMENT_MODEL = "content.FileAsset"
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILDOCS_EXTENSIONS = ["pdf", "docx", "xlsx", "pptx", "odt", "ods", "txt"]
WAGTAILIMAGES_EXTENSIONS = ["jpg", "jpeg", "png", "webp"]
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 10 * 1024 * 1024
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
WAGTAIL_HEADLESS_PREVIEW = {
    "CLIENT_URLS": {"default": PREVIEW_URL},
    "REDIRECT_ON_PREVIEW": True,
    "ENFORCE_TRAILING_SLASH": True,
}
PREVIEW_SECONDS = 15 * 60

DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o640

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"content": env.rate("API_THROTTLE", "240/min")},
    "EXCEPTION_HANDLER": "rest_framework.views.exception_handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Bảng tin content API",
    "DESCRIPTION": "Approved public content, read-only, and the changes feed for the publisher.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "OAS_VERSION": "3.1.0",  # `null` is a type of its own there, as in the contract's JSON Schema
    "PREPROCESSING_HOOKS": ["cms.api.schema.only_our_api"],
}
FEED_MAX_CHANGES = 500
FEED_MAX_BYTES = 8 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))},
    # Two lines for every saved page, and one for every look for what is new, would bury what matters.
    "loggers": {name: {"level": "WARNING"} for name in ("django_tasks", "wagtail", "httpx")},
}

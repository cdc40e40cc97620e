"""Settings of the hub, twelve-factor: every variable is named and explained in ``.env.example``."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from integration_hub import keys
from integration_hub.embedded import Embedded
from integration_hub.logs import logging_configuration

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

env = environ.FileAwareEnv()
_env_file = os.environ.get("HUB_ENV_FILE", str(BASE_DIR / ".env"))  # empty: none, as demo and tests want it
if _env_file and Path(_env_file).exists():
    env.read_env(_env_file)

VAR_DIR = Path(env.str("HUB_VAR_DIR", str(BASE_DIR / "var")))
DEBUG = env.bool("DEBUG", False)

# --- keys -------------------------------------------------------------------------------------------------------------
_kept = {} if env.str("SECRET_KEY", "") and env.str("HUB_SECRET_KEYS", "") else keys.read_or_make(VAR_DIR)
KEYS_FROM_FILE = bool(_kept)
SECRET_KEY = env.str("SECRET_KEY", "") or _kept["SECRET_KEY"]
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
HUB_SECRET_KEYS = env.list("HUB_SECRET_KEYS", default=[]) or _kept["HUB_SECRET_KEYS"].split(",")

# --- addresses --------------------------------------------------------------------------------------------------------
# The address people and vendors reach the hub at: webhook addresses, links in mails, allowed hosts, CSRF origins.
HUB_BASE_URL = env.str("HUB_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
_base = urlsplit(HUB_BASE_URL)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_base.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[HUB_BASE_URL])
_https = _base.scheme == "https"
HUB_BEHIND_PROXY = env.bool("HUB_BEHIND_PROXY", False)
HUB_PROXY_COUNT = env.int("HUB_PROXY_COUNT", 1)  # proxies of one's own between the internet and the hub
if HUB_BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True

# The sandbox's address (scheme, host, port): the only target that plain http or a loopback address is allowed for.
SANDBOX_URL = env.str("SANDBOX_URL", "").rstrip("/")
# Further targets inside the own network, as host:port, e.g. an ERP at 10.0.0.5:8443. Every other private address is refused.
HUB_ALLOWED_HOSTS_PRIVATE = frozenset(env.list("HUB_ALLOWED_PRIVATE_HOSTS", default=[]))
HUB_ALLOWED_HOSTS_PLAIN = frozenset({urlsplit(SANDBOX_URL).netloc} if SANDBOX_URL else ())
HUB_EGRESS_PROXY = env.str("HUB_EGRESS_PROXY", "")
HUB_CA_BUNDLE = env.str(
    "HUB_CA_BUNDLE", ""
)  # a file of further certificate authorities, for servers of the own network

# --- applications -----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "integration_hub.apps.HubConfig",
    "integration_hub.apps.HubAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_q",
    "django_htmx",
    "csp",
    "axes",
    "rest_framework",
    "drf_spectacular",
    "events.apps.EventsConfig",
    "connectors.apps.ConnectorsConfig",
]

MIDDLEWARE = [
    "integration_hub.middleware.client_address",
    "integration_hub.middleware.short_path",  # webhooks and health leave here, before sessions and log-in
    "integration_hub.middleware.request_id",
    "connectors.api.edge.problems_only",  # errors below /api/ are JSON, whichever middleware they come from
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "integration_hub.middleware.time_zone",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "integration_hub.urls"
WSGI_APPLICATION = "integration_hub.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"hub": "integration_hub.tags"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "integration_hub.context.hub",
            ],
        },
    },
]

# --- database ---------------------------------------------------------------------------------------------------------
# Without DATABASE_URL the hub runs its own PostgreSQL under var/ (started by manage.py).
EMBEDDED = None if env.str("DATABASE_URL", "") else Embedded(VAR_DIR / "postgres")
_database: dict[str, Any] = env.db_url("DATABASE_URL") if EMBEDDED is None else EMBEDDED.django_settings()
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **_database,
        "CONN_MAX_AGE": env.int(
            "CONN_MAX_AGE", 600
        ),  # seconds; reconnecting each time costs seven eighths of the speed
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            **_database.get("OPTIONS", {}),
            "connect_timeout": 5,
            "keepalives": 1,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "application_name": "hub",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- queue: rings bells only, every truth is in the event row ---------------------------------------------------------
HUB_WORKERS = env.int("HUB_WORKERS", 2)  # worker processes of one machine
HUB_THREADS = env.int("HUB_THREADS", 8)  # events handled side by side in one worker process
HUB_DRAIN_SLICE_S = env.float("HUB_DRAIN_SLICE_S", 20.0)  # a drainer ends after this and rings again where work is left
HUB_LEASE_S = env.float("HUB_LEASE_S", 45.0)  # an event is taken back when its worker was not heard of for so long
HUB_HEARTBEAT_S = env.float("HUB_HEARTBEAT_S", 5.0)
HUB_RESTART_AFTER_S = env.float("HUB_RESTART_AFTER_S", 40.0)  # a worker tree silent for so long is restarted
HUB_STEADY_S = env.float("HUB_STEADY_S", 30.0)  # a child process that lived so long is started again without a pause
HUB_MAX_RUN_S = env.float("HUB_MAX_RUN_S", 900.0)  # longest run of one event; its lease is not renewed beyond
EVENT_HOST = "connectors.host"
# Providers that live outside connectors/: dotted modules that hold a ``provider``. A site needs none; tests do.
HUB_EXTRA_PROVIDERS = env.list("HUB_EXTRA_PROVIDERS", default=[])
Q_CLUSTER = {
    "name": "hub",
    "orm": "default",
    "broker_class": "integration_hub.broker.BellBroker",
    "workers": HUB_WORKERS,
    "queue_limit": HUB_WORKERS,
    "save_limit": -1,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "recycle": 20_000,
    "max_rss": env.int("HUB_WORKER_MAX_RSS_KIB", 300_000),
    "timeout": 1200,  # whole seconds; far above a drainer's slice: only a stuck one meets it
    "retry": 1800,
    "guard_cycle": 0.5,
    "poll": 0.2,
    "bulk": 1,
    "scheduler": False,  # the hub's own plans are looked at by the pulse
    "log_level": "WARNING",
    "label": "Queue",
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# --- log-in -----------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours; `manage.py axes_reset_username NAME` unlocks at once
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "admin/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
LOGIN_URL = "admin:login"
SESSION_COOKIE_AGE = 60 * 60 * 12  # seconds
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", _https)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000 if _https else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_SUBDOMAINS", _https)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Plain http is the loopback default of demo and small site; the checks about TLS then say nothing new.
SILENCED_SYSTEM_CHECKS = [] if _https else ["security.W004", "security.W008", "security.W012", "security.W016"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# --- language, time ---------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("HUB_TIME_ZONE", "UTC")  # for people who have not chosen their own
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = "integration_hub.formats"

# --- static files -----------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "integration_hub" / "static"]
with suppress(OSError):  # a read-only place is said where it matters; here nothing is collected
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True  # files are served from where they are: no collecting step to forget
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "connectors.api.keys.ApiKeyAuthentication",
        "connectors.api.keys.StaffSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "connectors.api.problems.handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Integration Hub API",
    "DESCRIPTION": "Live lookups for storefronts and read access to events.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "connectors.api.openapi.add_lookups",
    ],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}
API_MAX_BODY_BYTES = 1024 * 1024
API_RATE_PER_MINUTE = env.int("API_RATE_PER_MINUTE", 600)  # per API key, unless the key has its own

# --- webhooks ---------------------------------------------------------------------------------------------------------
WEBHOOK_MAX_BYTES = 20 * 1024 * 1024  # larger: 413
WEBHOOK_KEEP_BYTES = 5 * 1024 * 1024  # larger: verified in a stream, only the first 64 KiB kept
WEBHOOK_TOKEN_GRACE_DAYS = 7  # a rotated address is still answered for so long
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- retention, mail --------------------------------------------------------------------------------------------------
RETENTION_SUCCESS_DAYS = env.int("HUB_RETENTION_SUCCESS_DAYS", 30)
RETENTION_FAILURE_DAYS = env.int("HUB_RETENTION_FAILURE_DAYS", 180)
BODY_MAX_BYTES = 5 * 1024 * 1024
ALERT_SUMMARY_MINUTES = env.int("HUB_ALERT_SUMMARY_MINUTES", 15)
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10  # seconds

LOGGING_CONFIG = None
LOG_FORMAT = env.str("HUB_LOG_FORMAT", "json")  # json or console
LOG_LEVEL = env.str("HUB_LOG_LEVEL", "INFO")
logging_configuration(LOG_FORMAT, LOG_LEVEL)

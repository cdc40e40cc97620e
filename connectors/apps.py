from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "connectors"
    verbose_name = "Connectors"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from connectors import checks, registry, roles  # noqa: F401  (checks register themselves)

        registry.autodiscover()
        post_migrate.connect(roles.after_migrate, sender=self, dispatch_uid="hub-roles")

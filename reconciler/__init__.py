"""reconciler: declarative GitOps for notification channels."""

__version__ = "0.1.0"

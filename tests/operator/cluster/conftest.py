"""Our definitions and roles on the real API server, once for all tests of this folder."""

from __future__ import annotations

import pytest

from reconciler.operator.install import Install, objects_of
from tests.operator.apiserver import ApiServer

INSTALL = Install(image="registry.example.org/reconciler:1")


@pytest.fixture(scope="session")
def cluster(apiserver: ApiServer) -> ApiServer:
    """The server with all that `operator manifests` prints but Deployments, which a server without pods has not."""
    apiserver.apply(*(one for one in objects_of(INSTALL) if one["apiVersion"] != "apps/v1"))
    return apiserver

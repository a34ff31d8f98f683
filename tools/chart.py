"""`python -m tools.chart --write|--check`: the Helm chart in `charts/`, made from what `operator manifests` prints.

Where people set values in `values.yaml`, the objects have Helm's expressions. An expression for several lines replaces
a marker in the finished YAML, since the dump would quote it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from reconciler.model import __version__
from reconciler.operator.crds import build_crds
from reconciler.operator.install import (
    NO_POLICY,
    OPERATOR,
    RESOURCES,
    KubernetesObject,
    account_of,
    deployment_of,
    policy_of,
    roles,
    to_yaml,
)
from tools.written import run

FOLDER = Path(__file__).resolve().parent.parent / "charts" / OPERATOR

_NAMESPACE = "{{ $.Release.Namespace }}"
_IMAGE = '{{ required "set image: an image of reconciler that has the extra operator" $.Values.image }}'
_SHARD = "shard-{{ add1 $number }}"
_POLICY, _RESOURCES = "@policy", "@resources"
_SEVERAL_LINES = {
    f"'{_POLICY}'": "|\n    {{- toYaml $.Values.policy | nindent 4 }}",
    f"'{_RESOURCES}'": "\n          {{- toYaml $.Values.resources | nindent 10 }}",
}


def render() -> dict[Path, str]:
    """The text of every file of the chart, by its path."""
    texts = {
        "Chart.yaml": _chart(),
        "values.yaml": _values(),
        "templates/NOTES.txt": _NOTES,
        "templates/crds.yaml": "{{- if .Values.crds.install }}\n" + _template(_kept_crds()) + "{{- end }}\n",
        "templates/roles.yaml": _template(roles()),
        "templates/account.yaml": _template(account_of(_NAMESPACE)),
        "templates/policy.yaml": _template([policy_of(_NAMESPACE, _POLICY)]),
        "templates/deployments.yaml": _deployments(),
    }
    return {FOLDER / name: text for name, text in texts.items()}


def _template(objects: Sequence[KubernetesObject]) -> str:
    text = to_yaml(objects) + "\n"
    for marker, expression in _SEVERAL_LINES.items():
        text = text.replace(marker, expression)
    return text


def _deployments() -> str:
    main, shard = (_template([_deployment(name)]) for name in ("", _SHARD))
    return (
        f"{main}{{{{- range $number := until (int (sub (max 1 (int $.Values.shards)) 1)) }}}}\n{shard}{{{{- end }}}}\n"
    )


def _deployment(shard: str) -> dict[str, Any]:
    """A Deployment that is replaced when the policy changes, since the operator only reads that when it starts."""
    made: dict[str, Any] = {**deployment_of(_NAMESPACE, _IMAGE, shard, _RESOURCES)}
    metadata = made["spec"]["template"]["metadata"]
    checksum = {"checksum/policy": "{{ toYaml $.Values.policy | sha256sum }}"}
    metadata["annotations"] = {**metadata["annotations"], **checksum}
    return made


def _kept_crds() -> list[dict[str, Any]]:
    """The definitions, marked so that Helm never deletes them: all objects of a definition are deleted with it."""
    crds = build_crds()
    for crd in crds:
        crd["metadata"]["annotations"] = {"helm.sh/resource-policy": "keep"}
    return crds


def _chart() -> str:
    content = {
        "apiVersion": "v2",
        "name": OPERATOR,
        "description": "Notification channels as custom resources: planned, tested, applied and verified continuously",
        "type": "application",
        "version": __version__,
        "appVersion": __version__,
        "kubeVersion": ">=1.25.0-0",
    }
    return "# Written by `make chart WRITE=1`.\n" + yaml.safe_dump(content, sort_keys=False, width=120)


def _values() -> str:
    policy = yaml.safe_dump({"policy": yaml.safe_load(NO_POLICY)}, sort_keys=False)
    resources = yaml.safe_dump({"resources": {**RESOURCES}}, sort_keys=False)
    return f"""# Written by `make chart WRITE=1`.
# The image to run, as registry.example.org/reconciler:1.0. It needs the extra operator.
image: ""

# How many Deployments share the projects: the main one takes the Projects without the label
# sharding.channels.gitops/key, the others those whose label is shard-1, shard-2, ...
shards: 1

# What namespaces may have beyond their own Secrets: see "Who may do what" in the documentation.
{policy}
{resources}
crds:
  # Whether the chart brings the custom resource definitions. They stay when it is uninstalled.
  install: true
"""


_NOTES = """The operator runs in {{ .Release.Namespace }}. Give a namespace a Project and channels, and watch them:

  kubectl get gitopschannels --all-namespaces

Before an uninstall, stop the operator, and let go of what waits for it:

  kubectl delete -n {{ .Release.Namespace }} deployment --all
  reconciler operator release
"""


if __name__ == "__main__":
    sys.exit(run("chart", render(), sys.argv[1:]))

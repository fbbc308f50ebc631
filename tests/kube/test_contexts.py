"""Which contexts are scanned, and what is said where a kubeconfig is at fault."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes.config import incluster_config

from k8supgrade.errors import UsageError
from k8supgrade.kube.contexts import ContextRef, resolve
from tests.kube.conftest import kubeconfig

_SECRET = "s3cr3t"


def three() -> dict[str, Any]:
    config = kubeconfig("https://prod.example:6443", {"token": _SECRET})
    config["contexts"] += [
        {"name": "staging", "context": {"cluster": "c2", "user": "u", "namespace": "team-a"}},
        {"name": "dev", "context": {"cluster": "c2"}},
    ]
    config["clusters"].append({"name": "c2", "cluster": {"server": "https://me:pw@staging.example/k8s/"}})
    return config


Writer = Callable[[Any], str]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def to_file(config: Any) -> str:
        file = tmp_path / f"config-{len(list(tmp_path.iterdir()))}"
        file.write_text(config if isinstance(config, str) else json.dumps(config))
        return str(file)

    return to_file


def fault(kubeconfig: str | None, *names: str, all_contexts: bool = False) -> str:
    with pytest.raises(UsageError) as raised:
        resolve(kubeconfig, names, all_contexts)
    assert _SECRET not in str(raised.value)
    return str(raised.value).replace(str(kubeconfig), "FILE")


def names(contexts: list[ContextRef]) -> list[str]:
    return [context.name for context in contexts]


def test_the_current_context_is_the_default(write: Writer) -> None:
    (context,) = resolve(write(three()), [], False)
    assert (context.name, context.server, context.namespace) == ("prod", "https://prod.example:6443", "default")
    assert _SECRET not in repr(context)


def test_contexts_by_name_once_each_and_in_order(write: Writer) -> None:
    contexts = resolve(write(three()), ["dev", "staging", "dev"], False)
    assert names(contexts) == ["dev", "staging"]
    assert contexts[1].namespace == "team-a"
    assert contexts[1].server == "https://staging.example/k8s"


def test_all_contexts_in_the_order_of_the_file(write: Writer) -> None:
    assert names(resolve(write(three()), [], True)) == ["prod", "staging", "dev"]


def test_the_usual_file(tmp_path: Path) -> None:
    file = tmp_path / "home" / ".kube" / "config"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(three()))
    assert names(resolve(None, [], False)) == ["prod"]


def test_files_are_merged_and_the_first_counts(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kubeconfig("https://first.example")
    del first["current-context"]
    second = kubeconfig("https://second.example", name="other")
    third = kubeconfig("https://third.example", name="third")
    files = ["/does/not/exist", write(first), write(""), write(second), write(third)]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["", *files]))
    assert names(resolve(None, [], False)) == ["other"]
    (context,) = resolve(None, ["third"], False)
    assert context.server == "https://first.example"


def test_a_named_file_may_have_a_colon_in_its_name(tmp_path: Path) -> None:
    file = tmp_path / "prod:eu"
    file.write_text(json.dumps(three()))
    assert names(resolve(str(file), [], False)) == ["prod"]


# ------------------------------------------------------------------ faults


def test_no_kubeconfig_at_all() -> None:
    assert fault(None) == (
        "no kubeconfig: $KUBECONFIG is not set and ~/.kube/config does not exist, and this is no pod; "
        "name one with --kubeconfig"
    )


def test_files_that_do_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fault("/does/not/exist") == "FILE: --kubeconfig names this kubeconfig, and it does not exist"
    monkeypatch.setenv("KUBECONFIG", "/does/not/exist")
    assert fault(None) == "/does/not/exist: $KUBECONFIG names this kubeconfig, and it does not exist"


def test_files_that_cannot_be_read(tmp_path: Path, write: Writer) -> None:
    assert fault(str(tmp_path)) == "FILE: this kubeconfig cannot be read: Is a directory"
    assert fault(write("a: [" + _SECRET)) == "FILE: this kubeconfig is no YAML (line 1)"
    assert fault(write("\0")) == "FILE: this kubeconfig is no YAML"
    binary = tmp_path / "binary"
    binary.write_bytes(b"a: \xff\xfe")
    assert fault(str(binary)) == "FILE: this kubeconfig is no YAML"


@pytest.mark.parametrize(
    "config", ["[1, 2]", "text", "contexts: 1", "contexts: [1]", "contexts: [{}]", "users: [null]", "contexts: text"]
)
def test_files_that_are_no_kubeconfig(write: Writer, config: str) -> None:
    assert fault(write(config)) == "FILE: this file is no kubeconfig"


@pytest.mark.parametrize("config", ["", "# nothing", "{}", "contexts: null", "contexts: []\nclusters: []"])
def test_files_without_contexts(write: Writer, config: str) -> None:
    assert fault(write(config)) == "FILE: this kubeconfig has no contexts"


def test_no_current_context(write: Writer) -> None:
    for current in ("", None):
        assert fault(write({**three(), "current-context": current})) == (
            "FILE: this kubeconfig has no current-context; name one with --context, or take --all-contexts "
            "(prod, staging, dev)"
        )


def test_unknown_contexts(write: Writer) -> None:
    file = write(three())
    assert fault(file, "prod", "stagign") == "FILE: there is no context stagign; did you mean staging?"
    assert fault(file, "zzz") == "FILE: there is no context zzz; there are prod, staging, dev"
    assert fault(write({**three(), "current-context": "prof"})) == "FILE: there is no context prof; did you mean prod?"
    many = three()
    many["contexts"] += [{"name": f"c{number}", "context": {}} for number in range(20)]
    assert fault(write(many), "zzz").endswith("c6 and 13 more")


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"cluster": "gone"}, "refers to the cluster gone, which this kubeconfig does not have"),
        ({"cluster": "c", "user": "gone"}, "refers to the user gone, which this kubeconfig does not have"),
        ({}, "names no cluster"),
        (None, "names no cluster"),
        ("text", "names no cluster"),
        ({"cluster": "bad"}, "has a cluster (bad) whose server is no http or https URL"),
    ],
)
@pytest.mark.parametrize("server", [None, 1, "", "prod.example:6443", "https://", "https://[", "https://a:port"])
def test_contexts_that_cannot_be_used(write: Writer, context: Any, said: str, server: Any) -> None:
    config = three()
    config["contexts"].append({"name": "stale", "context": context})
    config["clusters"].append({"name": "bad", "cluster": {"server": server}})
    file = write(config)
    assert fault(file, "prod", "stale") == f"FILE: context stale {said}"
    *others, stale = resolve(file, [], True)
    assert [other.fault for other in others] == [None, None, None]
    assert stale.fault == f"context stale {said}"


# ------------------------------------------------------------------ in a pod


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "serviceaccount"
    directory.mkdir()
    (directory / "token").write_text("pod-token")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(directory / "token"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return directory


def test_a_pod_scans_its_own_cluster(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (context,) = resolve(None, [], False)
    assert (context.name, context.server, context.namespace) == ("in-cluster", "https://10.0.0.1:443", "default")
    (pod / "namespace").write_text("team-a\n")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    (context,) = resolve(None, ["in-cluster"], True)
    assert (context.server, context.namespace) == ("https://[fd00::1]:443", "team-a")


def test_a_pod_has_no_other_contexts(pod: Path) -> None:
    assert fault(None, "prod") == "context prod: there is no kubeconfig, only the service account of this pod"


def test_a_pod_may_have_no_service_account(pod: Path) -> None:
    (pod / "token").unlink()
    assert "and this is no pod" in fault(None)


def test_a_kubeconfig_beats_the_pod(pod: Path, write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", write(three()))
    assert names(resolve(None, [], False)) == ["prod"]

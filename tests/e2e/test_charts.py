"""`k8supgrade charts` with the real helm, a real OCI registry and HTTP servers: it says of charts what helm does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e import binaries
from tests.e2e.chart_servers import PASSWORD, USER, helm, oci_registry, push
from tests.repository.servers import Reply, Request, server, with_password

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "charts-fixtures"
REPOSITORY = FIXTURES / "repository"
AGAINST = ("--target", "1.28", "--current", "1.25")
WITHOUT_HELM = "/usr/bin:/bin"


@pytest.fixture
def charts(tmp_path: Path) -> Callable[..., Any]:
    """charts(HELMFILE, …): the report of the command, run in a directory of its own with helm on PATH."""
    home = tmp_path / "home"

    def run(*arguments: str | Path, code: int | None = None, against: tuple[str, ...] = AGAINST, **env: str) -> Any:
        path = os.pathsep.join([str(binaries.helm().parent), str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        settled = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "PATH": path, "LANG": "C.UTF-8", **env}
        command = [sys.executable, "-m", "k8supgrade", "charts", *against, *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=settled, capture_output=True, text=True, check=False)
        assert code is None or done.returncode == code, (done.stdout, done.stderr)
        assert PASSWORD not in done.stdout + done.stderr
        return json.loads(done.stdout) if "json" in arguments else done.stdout

    return run


def helmfile(directory: Path, releases: dict[str, str], repository: str = "url: repository") -> Path:
    """release -> chart and version; of the fixtures' repository beside it."""
    if not (directory / "repository").exists():
        shutil.copytree(REPOSITORY, directory / "repository")
    listed = [
        {"name": name, "namespace": "shop", "chart": f"fixtures/{chart.split()[0]}", "version": chart.split()[1]}
        for name, chart in releases.items()
    ]
    text = f"repositories:\n- name: fixtures\n  {repository}\n" + yaml.safe_dump({"releases": listed})
    (directory / "helmfile.yaml").write_text(text)
    return directory / "helmfile.yaml"


def entries(report: Any) -> dict[str, Any]:
    return {one["release"]: one for one in report["charts"]}


def files(request: Request) -> Reply:
    path = REPOSITORY / request.path.lstrip("/")
    return Reply(200, path.read_bytes()) if path.is_file() else Reply(404)


def rendered_apis(chart: str, *options: str, home: Path) -> set[str]:
    text = helm("template", "shop", REPOSITORY / f"{chart}.tgz", *options, home=home)
    return set(re.findall(r"^apiVersion: (\S+)", text, re.MULTILINE))


def test_the_trap_is_real_and_avoided(charts: Callable[..., Any], tmp_path: Path) -> None:
    """helm --kube-version leaves the capabilities as they are: both traps spring with it alone."""
    plain = ("--kube-version", "1.29.0")
    assert rendered_apis("web-1.1.0", *plain, home=tmp_path) == {"policy/v1beta1", "autoscaling/v2beta1"}
    assert rendered_apis("legacy-1.0.0", *plain, home=tmp_path) == {"policy/v1beta1"}
    path = helmfile(tmp_path, {"guarded": "web 1.1.0", "opposite": "legacy 1.0.0"})
    report = charts(path, "-o", "json", code=0, against=("--target", "1.29"))
    assert {name: (one["status"], one["evidence"]) for name, one in entries(report).items()} == {
        "guarded": ("ready", "rendered"),
        "opposite": ("ready", "rendered"),
    }


def test_smallest_and_latest(charts: Callable[..., Any], tmp_path: Path) -> None:
    report = charts(helmfile(tmp_path, {"shop": "web 1.0.0"}), "-o", "json", code=1)
    shop = entries(report)["shop"]
    assert shop["status"] == "not-ready"
    assert shop["evidence"] == "rendered"
    assert shop["appVersion"] == "10.0.0"
    assert shop["smallest"] == {"version": "1.1.0", "appVersion": "10.1.0"}
    assert shop["latest"] == {"version": "1.2.0", "appVersion": "10.1.2"}
    assert shop["newest"] == {"version": "2.0.0", "appVersion": "11.0.0"}
    finding = next(one for one in report["findings"] if one["check"] == "chart-not-ready")
    assert (finding["severity"], finding["name"], finding["kind"]) == ("blocker", "shop", None)
    assert finding["origins"][0]["type"] == "chart"


def test_without_a_current_version_the_newest_fits(charts: Callable[..., Any], tmp_path: Path) -> None:
    path = helmfile(tmp_path, {"shop": "web 1.0.0"})
    shop = entries(charts(path, "-o", "json", code=1, against=("--target", "1.28")))["shop"]
    assert shop["latest"]["version"] == "2.0.0"


def test_kube_version_sub_charts_definitions_and_steps(charts: Callable[..., Any], tmp_path: Path) -> None:
    path = helmfile(
        tmp_path,
        {
            "steps": "two-step 1.0.0",
            "umbrella": "umbrella 1.0.0",
            "crds": "with-crds 0.1.0",
            "jobs": "old-batch 0.1.0",
        },
    )
    report = charts(path, "-o", "json", code=1, against=("--target", "1.28", "--current", "1.23"))
    found = entries(report)
    assert {name: one["status"] for name, one in found.items()} == dict.fromkeys(found, "not-ready")
    assert found["steps"]["evidence"] == "kube-version"
    assert found["steps"]["smallest"] is None
    assert any("charts/inner/templates/pdb.yaml" in one for one in found["umbrella"]["reasons"])
    assert any("charts/packed" in one and "CronJob" in one for one in found["umbrella"]["reasons"])
    assert found["crds"]["smallest"]["version"] == "0.2.0"
    fixes = {one["name"]: one["fix"] for one in report["findings"] if one["check"] == "chart-not-ready"}
    assert fixes["steps"] == (
        "In two steps: chart 2.0.0 before the upgrade to 1.25, chart 3.0.0 there, then on to 1.28."
    )
    deprecated = [one for one in report["findings"] if one["check"] == "chart-deprecated"]
    assert [(one["name"], one["severity"]) for one in deprecated] == [("jobs", "warning")]


def test_what_helm_cannot_render_is_unknown(charts: Callable[..., Any], tmp_path: Path) -> None:
    path = helmfile(tmp_path, {"value": "needs-value 1.0.0", "shop": "web 1.2.0"})
    report = charts(path, "-o", "json", code=3)
    found = entries(report)
    assert found["value"]["status"] == "unknown"
    assert "domain is required: the name that the service is reached by" in found["value"]["reasons"][0]
    assert found["shop"]["status"] == "ready"
    assert [one["optional"] for one in report["skipped"]] == [False]


def test_the_values_of_the_release_count(charts: Callable[..., Any], tmp_path: Path) -> None:
    path = helmfile(tmp_path, {"value": "needs-value 1.0.0"})
    (tmp_path / "values.yaml").write_text("domain: shop.example.com\n")
    path.write_text(path.read_text() + "  values: [values.yaml]\n")
    assert entries(charts(path, "-o", "json", code=0))["value"]["status"] == "ready"
    path.write_text(path.read_text().replace("[values.yaml]", "[{domain: inline.example.com}]"))
    assert entries(charts(path, "-o", "json", code=0))["value"]["status"] == "ready"


def test_write_then_ready(charts: Callable[..., Any], tmp_path: Path) -> None:
    path = helmfile(tmp_path, {"shop": "web 1.0.0"})
    before = path.read_text()
    assert "+- chart" not in charts(path, "--diff", code=1)
    assert path.read_text() == before
    charts(path, "--write", "smallest", "-o", "json", code=1)
    assert path.read_text() == before.replace("1.0.0", "1.1.0")
    charts(path, "-o", "json", code=0)
    charts(path, "--write", "latest", "-o", "json", code=0)
    assert path.read_text() == before.replace("1.0.0", "1.2.0")


def test_a_pull_request(charts: Callable[..., Any], tmp_path: Path) -> None:
    text = charts(helmfile(tmp_path, {"shop": "web 1.0.0"}), "-o", "pr", code=1)
    branch, title, _, *body = text.splitlines()
    assert branch == "branch: k8supgrade/charts-1.28"
    assert title == "title: Bump 1 chart for Kubernetes 1.28"
    assert any("`1.0.0` → **`1.1.0`**" in line for line in body)


@pytest.fixture(params=[False, True], ids=["open", "with a password"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, bool]]:
    with oci_registry(tmp_path / "registry", auth=request.param) as host:
        for archive in ("web-1.0.0", "web-1.1.0", "web-1.2.0", "web-2.1.0-rc.1"):
            push(REPOSITORY / f"{archive}.tgz", host, tmp_path / "pusher", auth=request.param)
        yield host, request.param


def test_an_oci_registry(registry: tuple[str, bool], charts: Callable[..., Any], tmp_path: Path) -> None:
    host, auth = registry
    where = f"url: {host}/charts\n  oci: true\n  plainHttp: true"
    path = helmfile(tmp_path, {"shop": "web 1.0.0"}, where)
    if auth:
        refused = charts(path, "-o", "json", code=3)
        assert "401 Unauthorized: credentials are needed" in refused["skipped"][0]["reason"]
    login = {"FIXTURES_USERNAME": USER, "FIXTURES_PASSWORD": PASSWORD} if auth else {}
    shop = entries(charts(path, "-o", "json", code=1, **login))["shop"]
    assert (shop["status"], shop["evidence"], shop["appVersion"]) == ("not-ready", "rendered", "10.0.0")
    assert shop["smallest"]["version"] == "1.1.0"
    assert shop["newest"] == {"version": "1.2.0", "appVersion": "10.1.2"}
    offline = entries(charts(path, "-o", "json", "--offline", code=1, **login))["shop"]
    assert offline == shop


def test_docker_credentials(tmp_path: Path, charts: Callable[..., Any]) -> None:
    import base64

    with oci_registry(tmp_path / "registry", auth=True) as host:
        push(REPOSITORY / "web-1.2.0.tgz", host, tmp_path / "pusher", auth=True)
        (tmp_path / "docker").mkdir()
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        (tmp_path / "docker" / "config.json").write_text(json.dumps({"auths": {host: {"auth": login}}}))
        path = helmfile(tmp_path, {"shop": "web 1.2.0"}, f"url: {host}/charts\n  oci: true\n  plainHttp: true")
        report = charts(path, "-o", "json", code=0, DOCKER_CONFIG=str(tmp_path / "docker"))
        assert entries(report)["shop"]["status"] == "ready"


def test_http_with_a_password(tmp_path: Path, charts: Callable[..., Any]) -> None:
    with server(with_password(files, USER, PASSWORD)) as running:
        path = helmfile(tmp_path, {"shop": "web 1.0.0"}, f"url: {running.url}")
        refused = charts(path, "-o", "json", code=3)
        assert "401 Unauthorized" in refused["skipped"][0]["reason"]
        login = f"url: {running.url}\n  username: {USER}\n  password: {PASSWORD}"
        shop = entries(charts(helmfile(tmp_path, {"shop": "web 1.0.0"}, login), "-o", "json", code=1))["shop"]
        assert shop["smallest"]["version"] == "1.1.0"
        assert shop["repository"] == running.url


def test_a_password_in_the_address(tmp_path: Path, charts: Callable[..., Any]) -> None:
    with server(with_password(files, USER, PASSWORD)) as running:
        path = helmfile(tmp_path, {"shop": "web 1.0.0"}, f"url: http://{USER}:{PASSWORD}@127.0.0.1:{running.port}")
        shop = entries(charts(path, "-o", "json", code=1))["shop"]
        assert (shop["repository"], shop["smallest"]["version"]) == (running.url, "1.1.0")
        assert "1.1.0" in charts(path, "-o", "pr", code=1)
        charts(path, "--diff", code=1)


def test_offline_asks_nobody(tmp_path: Path, charts: Callable[..., Any]) -> None:
    with server(files) as running:
        path = helmfile(tmp_path, {"shop": "web 1.0.0"}, f"url: {running.url}")
        refused = charts(path, "-o", "json", "--offline", code=3)
        assert "not in the cache" in refused["skipped"][0]["reason"]
        assert running.requests == []
        online = charts(path, "-o", "json", code=1)
        assert [one.path for one in running.requests] == [
            "/index.yaml",
            *(f"/web-{version}.tgz" for version in ("1.0.0", "1.1.0", "1.2.0")),
        ]
    assert charts(path, "-o", "json", "--offline", code=1)["charts"] == online["charts"]


def test_without_helm_both_traps_are_avoided_too(charts: Callable[..., Any], tmp_path: Path) -> None:
    releases = {
        "old": ("web 1.0.0", "not-ready"),
        "guarded": ("web 1.1.0", "ready"),
        "opposite": ("legacy 1.0.0", "ready"),
        "umbrella": ("umbrella 1.0.0", "not-ready"),
        "crds": ("with-crds 0.1.0", "not-ready"),
        "new": ("with-crds 0.2.0", "ready"),
    }
    path = helmfile(tmp_path, {name: chart for name, (chart, _) in releases.items()})
    missing = entries(charts(path, "-o", "json", code=1, PATH=WITHOUT_HELM))
    asked = entries(charts(path, "-o", "json", "--evidence", "static", code=1))
    rendered = entries(charts(path, "-o", "json", code=1))
    for found, evidence in ((missing, "static"), (asked, "static"), (rendered, "rendered")):
        assert {name: (one["status"], one["evidence"]) for name, one in found.items()} == {
            name: (status, evidence) for name, (_, status) in releases.items()
        }
        assert found["old"]["smallest"]["version"] == "1.1.0"
        assert found["crds"]["smallest"]["version"] == "0.2.0"


def test_kube_version_alone_is_weak(charts: Callable[..., Any], tmp_path: Path) -> None:
    """No kubeVersion is unknown, never ready; no archive is fetched."""
    with server(files) as running:
        releases = {"none": "web 1.0.0", "fits": "web 1.2.0", "too-old": "two-step 2.0.0"}
        path = helmfile(tmp_path, releases, f"url: {running.url}")
        found = entries(charts(path, "-o", "json", "--evidence", "kube-version", code=1))
        assert [one.path for one in running.requests] == ["/index.yaml"]
    assert {name: (one["status"], one["evidence"]) for name, one in found.items()} == {
        "none": ("unknown", "none"),
        "fits": ("ready", "kube-version"),
        "too-old": ("not-ready", "kube-version"),
    }
    assert found["too-old"]["smallest"] == {"version": "3.0.0", "appVersion": "3.0"}


def test_ranges_and_prereleases(charts: Callable[..., Any], tmp_path: Path) -> None:
    path = helmfile(
        tmp_path, {"wide": "web ^1.0.0", "narrow": "web ~1.0.0", "plain": "web 1.2.0", "devel": "web 1.2.0"}
    )
    state = yaml.safe_load(path.read_text())
    next(one for one in state["releases"] if one["name"] == "devel")["devel"] = True
    path.write_text(yaml.safe_dump(state))
    found = entries(charts(path, "-o", "json", code=1, against=("--target", "1.28", "--current", "1.27")))
    assert {name: one["status"] for name, one in found.items()} == {
        "wide": "ready",
        "narrow": "not-ready",
        "plain": "ready",
        "devel": "ready",
    }
    assert {name: (one["pinned"], one["appVersion"]) for name, one in found.items() if one["pinned"] != "1.2.0"} == {
        "wide": ("^1.0.0", "10.1.2"),
        "narrow": ("~1.0.0", "10.0.0"),
    }
    assert found["narrow"]["smallest"]["version"] == "1.1.0"
    assert found["plain"]["latest"]["version"] == "2.0.0"
    assert found["devel"]["latest"]["version"] == "2.1.0-rc.1"


def test_what_the_repository_does_not_have(charts: Callable[..., Any], tmp_path: Path) -> None:
    path = helmfile(tmp_path, {"version": "web 9.9.9", "chart": "nowhere 1.0.0", "fine": "web 1.2.0"})
    report = charts(path, "-o", "json", code=3)
    assert {name: one["status"] for name, one in entries(report).items()} == {
        "version": "unknown",
        "chart": "unknown",
        "fine": "ready",
    }
    reasons = {one["what"]: one["reason"] for one in report["skipped"]}
    assert "9.9.9" in reasons["release version"]
    assert "no chart nowhere" in reasons["release chart"]
    assert all(one["origin"]["path"] == str(path) and one["origin"]["line"] for one in report["skipped"])


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(403), "403 Forbidden"),
        (Reply(404), "404 Not Found"),
        (Reply(200, b"<!doctype html><html><body>Sign in</body></html>"), "web page, not an index"),
        (Reply(200, (REPOSITORY / "index.yaml").read_bytes(), length=1 << 20), "breaks off"),
        (Reply(200, b"entries: [\n"), "not"),
    ],
    ids=["forbidden", "not found", "HTML", "truncated", "no YAML"],
)
def test_a_repository_in_disorder_costs_its_own_releases(
    reply: Reply, reason: str, charts: Callable[..., Any], tmp_path: Path
) -> None:
    with server({"/index.yaml": reply}) as running:
        path = helmfile(tmp_path, {"lost": "web 1.0.0"}, f"url: {running.url}")
        path.write_text(path.read_text() + "- {name: fine, chart: ./repository/web-1.2.0.tgz}\n")
        report = charts(path, "-o", "json", code=3)
        assert {name: one["status"] for name, one in entries(report).items()} == {"lost": "unknown", "fine": "ready"}
        (skipped,) = report["skipped"]
        assert running.url in skipped["reason"]
        assert reason in skipped["reason"]
        path.write_text(path.read_text() + "- {name: old, chart: ./repository/web-1.0.0.tgz}\n")
        assert entries(charts(path, "-o", "json", code=1))["old"]["status"] == "not-ready"
    assert "connection is refused" in charts(path, "-o", "json", code=1)["skipped"][0]["reason"]


def test_helm_reads_the_repository_as_we_do(tmp_path: Path) -> None:
    """The index that the fixtures come with is one of helm's own."""
    with server(files) as running:
        helm("repo", "add", "fixtures", running.url, home=tmp_path)
        found = json.loads(helm("search", "repo", "fixtures/", "--versions", "--devel", "-o", "json", home=tmp_path))
    there = yaml.safe_load((REPOSITORY / "index.yaml").read_text())["entries"]
    assert {(one["name"].removeprefix("fixtures/"), one["version"]) for one in found} == {
        (name, one["version"]) for name, versions in there.items() for one in versions
    }


def test_helm_makes_the_same_index(tmp_path: Path) -> None:
    for archive in REPOSITORY.glob("*.tgz"):
        shutil.copy(archive, tmp_path)
    helm("repo", "index", tmp_path, home=tmp_path / "home")
    theirs = yaml.safe_load((tmp_path / "index.yaml").read_text())["entries"]
    ours = yaml.safe_load((REPOSITORY / "index.yaml").read_text())["entries"]
    for entry in [one for entries in (theirs, ours) for versions in entries.values() for one in versions]:
        assert entry.pop("created")
    assert theirs == ours


@pytest.mark.parametrize("version", ["1.23", "1.25", "1.28"])
def test_each_archive_is_rendered_or_refused_by_helm_as_it_says(version: str, tmp_path: Path) -> None:
    refused = {
        archive.name.removesuffix(".tgz")
        for archive in REPOSITORY.glob("*.tgz")
        if not helm("template", "shop", archive, "--kube-version", f"{version}.0", home=tmp_path, check=False)
    }
    too_new = {"web-2.0.0", "web-2.1.0-rc.1"}
    assert (
        refused
        == {"needs-value-1.0.0"}
        | {
            "1.23": {*too_new, "two-step-3.0.0"},
            "1.25": {*too_new, "two-step-1.0.0"},
            "1.28": {"two-step-1.0.0", "two-step-2.0.0"},
        }[version]
    )


def list_of_helmfile(directory: Path, environment: str | None) -> dict[str, tuple[str, str, bool]]:
    """release -> chart, version and whether it is installed, as the real helmfile says."""
    path = os.pathsep.join([str(binaries.helm().parent), os.environ["PATH"]])
    done = subprocess.run(
        [binaries.helmfile(), "-e", environment or "default", "list", "--output", "json", "--skip-charts"],
        cwd=directory,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {
        one["name"]: (one["chart"], one["version"], one["enabled"] and one["installed"])
        for one in json.loads(done.stdout)
    }


@pytest.mark.parametrize("name", [".", "simple", "templates", "directory", "ugly"])
@pytest.mark.parametrize("choice", ["smallest", "latest"])
def test_what_is_written_is_what_helmfile_reads(
    name: str, choice: str, charts: Callable[..., Any], tmp_path: Path
) -> None:
    shutil.copytree(REPOSITORY, tmp_path / "repository")
    shutil.copytree(FIXTURES / "helmfile", tmp_path / "helmfile")
    directory = tmp_path / "helmfile" / name
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    report = charts(directory, "--write", choice, "-o", "json", code=1)
    assert report["skipped"] == []
    changed = {path for path, data in before.items() if path.read_bytes() != data}
    assert changed
    for path in changed:
        lines = [data.decode().splitlines(keepends=True) for data in (before[path], path.read_bytes())]
        for old, new in zip(*lines, strict=True):
            if old != new:
                assert re.search(r"version|web", old)
                assert re.sub(r"[01]\.\d\.0", "", old, count=1) == re.sub(r"[01]\.\d\.\d", "", new, count=1)
    again = charts(directory, "-o", "json")
    wanted = {(one["environment"], one["release"]): one for one in report["charts"]}
    for environment in {one["environment"] for one in report["charts"]}:
        theirs = list_of_helmfile(directory, environment)
        ours = {one["release"]: one for one in again["charts"] if one["environment"] == environment}
        assert {one["release"]: (one["chart"], one["pinned"], one["installed"]) for one in ours.values()} == theirs
        for release, (_, version, _) in theirs.items():
            old = wanted[environment, release]
            if old["status"] == "not-ready" and old[choice] is not None:
                assert version.strip("~") == old[choice]["version"]
                assert ours[release]["status"] == "ready"
    twice = {path: path.read_bytes() for path in before}
    charts(directory, "--write", choice, "-o", "json")
    assert {path: path.read_bytes() for path in before} == twice


def test_the_demo_shows_a_bump(charts: Callable[..., Any]) -> None:
    report = charts(FIXTURES / "helmfile", "-o", "json", code=1, against=("--target", "1.28", "--current", "1.24"))
    assert {one["status"] for one in report["charts"]} == {"ready", "not-ready"}
    assert {one["check"] for one in report["findings"]} >= {"chart-not-ready", "chart-deprecated", "chart-outdated"}
    bumps = {one["environment"]: one["smallest"]["version"] for one in report["charts"] if one["release"] == "shop"}
    assert bumps == {"dev": "1.2.0", "stg": "1.1.0", "prod": "1.1.0"}
    assert report["skipped"] == []

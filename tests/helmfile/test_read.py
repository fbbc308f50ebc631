"""Pins as a whole: where they are written, what is not resolved, what is asked for and not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from k8supgrade.errors import UsageError
from k8supgrade.helmfile.read import read_helmfiles
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.pin import Pin
from k8supgrade.model.resource import Skipped

FIXTURES = Path(__file__).parent / "fixtures"
FAULTS = Path(__file__).parent / "faults"
REPOSITORY = "repositories: [{name: r, url: https://charts.example.com}]\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fixture(name: str, root: Path = FIXTURES) -> None:
    shutil.copytree(root / name, Path.cwd(), dirs_exist_ok=True)


def read(
    *paths: str, env: Mapping[str, str] | None = None, environments: tuple[str, ...] = ()
) -> tuple[dict[str, Pin], list[Skipped]]:
    """Pins as `release` or `release@environment`."""
    found = list(read_helmfiles(paths, environments=environments, env={} if env is None else env))
    pins = [one for one in found if isinstance(one, Pin)]
    named = {f"{pin.release}@{pin.environment}" if pin.environment else pin.release: pin for pin in pins}
    return named, [one for one in found if isinstance(one, Skipped)]


def put(text: str, name: str = "helmfile.yaml") -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8", newline="")


def place(pin: Pin) -> tuple[str, int, str]:
    (written,) = pin.written
    text = Path(written.path).read_bytes().decode()
    assert text[written.start : written.end] == written.text
    assert text.count("\n", 0, written.start) + 1 == written.line
    return written.path, written.line, written.text


@pytest.mark.parametrize("name", sorted(path.name for path in FIXTURES.iterdir()))
def test_every_fixture_is_read_without_a_gap(name: str) -> None:
    fixture(name)
    pins, skipped = read(env={"FIXTURE_VERSION": "8.8.8", **os.environ})
    assert [one for one in skipped if not one.optional] == []
    assert pins
    for pin in pins.values():
        assert pin.problem is None
        assert Path(pin.path).is_file()
        assert all(place(pin)[1] for _ in pin.written)


def test_a_version_is_written_in_the_values_of_its_environment() -> None:
    fixture("values-files")
    pins, _ = read()
    assert place(pins["loki@default"]) == ("helmfile.yaml.gotmpl", 4, "5.30.0")
    assert place(pins["loki@staging"]) == ("environments/common.yaml", 1, "5.31.0")
    assert place(pins["loki@prod"]) == ("environments/prod-b.yaml", 2, "5.36.1")
    assert place(pins["grafana-staging@staging"]) == ("environments/staging.yaml", 1, "6.58.6")
    assert pins["grafana-default@default"].written == ()  # the default of an expression
    assert pins["loki@prod"].line == 23


def test_a_version_is_written_in_a_template_or_behind_an_anchor() -> None:
    fixture("inherit-over-inherit")
    pins, _ = read()
    assert place(pins["of-parent"]) == ("helmfile.yaml", 17, "2.0.0")
    assert pins["of-parent"].line != 17
    fixture("merge-keys")
    pins, _ = read()
    assert place(pins["of-alias"])[2] == "5.36.2"
    assert place(pins["merged"]) == place(pins["two-merged"])


def test_a_version_is_written_in_a_file_that_is_read_into_the_helmfile() -> None:
    fixture("read-file")
    pins, _ = read()
    assert place(pins["second"]) == ("releases.yaml", 6, "6.0.0")
    assert (pins["second"].path, pins["second"].line) == ("releases.yaml", 6)
    assert pins["own"].written == ()


def test_numbers_stay_as_they_are_written() -> None:
    fixture("numbers-as-versions")
    pins, _ = read()
    assert pins["float"].version == "1.10"
    assert place(pins["octal"])[2] == "010"
    assert pins["12"].namespace == "34"
    assert pins["nothing"].version is None


def test_places_count_carriage_returns_and_the_byte_order_mark() -> None:
    for name, release, line in (("carriage-returns", "tempo", 13), ("byte-order-mark", "a", 5), ("unicode", "b", 7)):
        shutil.rmtree("it", ignore_errors=True)
        shutil.copytree(FIXTURES / name, "it")
        pins, _ = read("it")
        assert place(pins[release])[1] == line


def test_paths_are_as_somebody_here_would_open_them(here: Path) -> None:
    shutil.copytree(FIXTURES / "nested", here / "deep" / "down")
    pins, _ = read("./deep//down/helmfile.yaml.gotmpl")
    assert pins["child@prod"].path == "deep/down/apps/loki.yaml"
    assert pins["local@prod"].directory == "deep/down/charts/own"
    pins, _ = read(str(here / "deep"), "deep/down")
    assert str(here) not in pins["child@prod"].path


def test_what_is_not_resolved_is_named_with_its_line() -> None:
    fixture("unresolved", FAULTS)
    pins, skipped = read()
    problems = {name: pin.problem or "" for name, pin in pins.items()}
    assert '{{ exec "echo" (list "1.0.0") }} is not resolved' in problems["exec"]
    assert "environment default has no .Values.nowhere" in problems["missing"]
    assert 'exec "ls"' in problems["r-{{ . }}"]
    assert 'exec "true"' in problems["either"]
    assert 'exec "true"' in problems["or"]
    assert problems["values-only"] == problems["last"] == ""
    assert 'exec "echo"' in pins["values-only"].values_unknown[0]
    (gap,) = skipped
    assert (gap.origin, gap.optional) == (FileOrigin(path="helmfile.yaml.gotmpl", line=30), False)
    assert pins["last"].version == "4.0.0"


def test_templates_of_helmfile_0_are_read_in_plain_yaml() -> None:
    fixture("templates-in-plain-yaml", FAULTS)
    pins, skipped = read()
    assert skipped == []
    assert (pins["a@prod"].chart, pins["a@prod"].version) == ("grafana/a", "1.0.0")
    assert set(pins) == {"a@prod", "b@prod"}


def test_environments_beside_releases_count_for_them() -> None:
    fixture("environments-and-releases-together", FAULTS)
    pins, _ = read()
    assert place(pins["a@default"]) == ("helmfile.yaml.gotmpl", 3, "1.0.0")


def test_only_what_depends_on_secrets_is_unresolved() -> None:
    fixture("secrets", FAULTS)
    pins, _ = read()
    assert pins["known@prod"].problem is None
    assert "not known: secrets secrets.yaml" in (pins["hidden@prod"].problem or "")


def test_a_broken_helmfile_is_named_and_the_others_are_read() -> None:
    fixture("broken", FAULTS)
    put(REPOSITORY + "releases: [{name: a, chart: r/a}]\n", "other.yaml")
    pins, (gap,) = read("helmfile.yaml", "other.yaml", "nowhere.yaml")[0], read("helmfile.yaml", "other.yaml")[1]
    assert list(pins) == ["a"]
    assert gap.what == "helmfile.yaml"
    assert "not YAML" in gap.reason
    assert "column" in gap.reason
    assert not gap.optional


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cycle", "helmfile.yaml leads back to itself"),
        ("inherit-cycle", "template a inherits from itself: a -> b -> a"),
    ],
)
def test_cycles(name: str, reason: str) -> None:
    fixture(name, FAULTS)
    pins, skipped = read()
    assert reason in " ".join([*(one.reason for one in skipped), *(pin.problem or "" for pin in pins.values())])
    assert pins


def test_bases_that_lead_back() -> None:
    put("bases: [base.yaml]\nreleases: [{name: a, chart: ./a}]\n")
    put("bases: [helmfile.yaml]\n", "base.yaml")
    pins, (gap,) = read()
    assert list(pins) == ["a"]
    assert gap.reason == "base helmfile.yaml leads back to itself"


def test_an_environment_that_nobody_declares() -> None:
    fixture("values-files")
    with pytest.raises(UsageError, match="-e test: no Helmfile declares this environment; there are default, prod, st"):
        read(environments=("prod", "test"))
    assert {pin.environment for pin in read(environments=("prod",))[0].values()} == {"prod"}


def test_environments_of_a_helmfile_without_any() -> None:
    put("releases: [{name: a, chart: ./a}]\n")
    with pytest.raises(UsageError, match="-e prod: the Helmfile declares no environments"):
        read(environments=("prod",))
    assert list(read(environments=("default",))[0]) == ["a@default"]


def test_a_directory_that_is_no_helmfile() -> None:
    put("a: 1\n", "values.yaml")
    _, (gap,) = read()
    assert gap.reason == "no helmfile.yaml, helmfile.yaml.gotmpl or helmfile.d in it"


def test_two_helmfiles_of_which_helmfile_takes_one() -> None:
    put("releases: [{name: a, chart: ./a}]\n")
    put("releases: [{name: b, chart: ./b}]\n", "helmfile.d/b.yaml")
    pins, (gap,) = read(".")
    assert set(pins) == {"a", "b"}
    assert "helmfile.yaml and helmfile.d" in gap.reason


def test_what_is_fetched_is_a_gap_or_a_problem() -> None:
    put("bases: ['git::https://user:secret@example.com/x.git@base.yaml']\n"
        "helmfiles:\n- 'https://user:secret@example.com/x.git'\n- nowhere-*.yaml\n")  # fmt: skip
    _, skipped = read()
    assert [(one.optional, "secret" in one.reason) for one in skipped] == [
        (False, False),
        (False, False),
        (True, False),
    ]
    fixture("addresses", FAULTS)
    pins, _ = read()
    assert pins["archive"].archive_url == "https://example.com/charts/own-1.2.3.tgz"
    assert pins["archive"].name == "own"
    for name, reason in (("git", "go-getter"), ("of-git", "git+https"), ("of-bucket", "s3"), ("of-azure", "acr")):
        assert reason in (pins[name].problem or "")
    assert pins["unknown"].problem == "no repository is named nobody"
    private = pins["private"].repository
    assert private is not None
    assert (private.url, private.username, private.password) == ("https://charts.example.com/x", "user", "secret")
    assert "secret" not in repr(pins["private"])


def test_devices_and_too_much_are_refused(here: Path) -> None:
    os.mkfifo("pipe")
    put("bases: [pipe, /dev/zero]\nreleases: [{name: a, chart: ./a}]\n")
    pins, skipped = read()
    assert list(pins) == ["a"]
    assert [one.reason for one in skipped] == ["cannot be read: it is no regular file"] * 2
    with (here / "large.yaml").open("wb") as file:
        file.truncate((16 << 20) + 1)
    assert read("large.yaml")[1][0].reason == "cannot be read: it is larger than 16 MiB"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("releases: " + "[" * 100_000, "nested deeper"),
        ("a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(f"b{n}: &a [{'*a,' * 9}*a]\n" for n in range(9)), "values"),
        ("{{ range until 9999 }}{{ range until 9999 }}x{{ end }}{{ end }}\n", "too many steps"),
        ('{{ define "a" }}{{ template "a" }}{{ template "a" }}{{ end }}{{ template "a" }}\n', "too many steps"),
        ("{{ if true }}" * 1000, "nested deeper"),
        ("releases: []\n---\n" * 1000, "parts"),
    ],
)
def test_bombs(text: str, reason: str) -> None:
    put(text, "helmfile.yaml.gotmpl")
    _, (gap,) = read()
    assert reason in gap.reason


def test_files_that_include_each_other_without_end() -> None:
    for number in range(19):
        put(f"helmfiles: [h{number + 1}.yaml, h{number + 1}.yaml]\n", f"h{number}.yaml")
    put("releases: [{name: a, chart: ./a}]\n", "h19.yaml")
    assert "more than 2,000 files are included" in read("h0.yaml")[1][0].reason


def test_a_sub_helmfile_that_does_not_know_the_environment_is_passed_over() -> None:
    put("environments: {prod: {}}\n---\nhelmfiles: [sub.yaml]\nreleases: [{name: a, chart: ./a}]\n")
    put("releases: [{name: b, chart: ./b}]\n", "sub.yaml")
    pins, (gap,) = read()
    assert list(pins) == ["a@prod"]
    assert (gap.optional, gap.reason) == (True, "declares no environment prod: helmfile passes it over there")


def test_a_dependency_is_a_pin_of_its_own() -> None:
    fixture("dependencies")
    pins = [one for one in read_helmfiles([], env={}) if isinstance(one, Pin) and one.release == "loki"]
    assert [(pin.chart, pin.version) for pin in pins] == [
        ("grafana/loki", "5.36.0"),
        ("bitnami/memcached", "6.0.0"),
        ("./extra", None),
        ("oci://ghcr.io/org/x", "~1"),
    ]
    loki = pins[0]
    assert (loki.kube_version, loki.needs) == ("v1.22.0", ("other/tempo", "tempo2"))
    assert loki.rewrites == ("jsonPatches", "strategicMergePatches", "transformers")
    assert loki.values == ("values.yaml", {"inline": {"a": 1.1, "b": "x"}})
    assert loki.sets == (("a.b", "1"), ("list[0]", "a"), ("list[1]", "b"), ("s", "1"))
    assert len(loki.values_unknown) == 4


def test_a_lock_file_says_which_version_a_range_is() -> None:
    fixture("lock-of-ranges")
    pins, _ = read()
    assert {name: (pin.version, pin.locked) for name, pin in pins.items()} == {
        "ranged": ("~5.36.0", "5.36.3"),
        "exact": ("5.36.1", "5.36.1"),
        "newest": (None, "1.7.0"),
        "pushed": (">=1.0.0 <2.0.0", "1.4.0"),
        "local": ("~1.0.0", None),
        "direct": ("~1", None),
    }
    assert pins["ranged"].lock_file == "helmfile.lock"
    assert pins["direct"].lock_file is None


def test_oci_repositories() -> None:
    fixture("registries")
    pins, _ = read(env={"GHCR_USERNAME": "me", "GHCR_PASSWORD": "hidden"})
    where = {name: (pin.repository.url, pin.name) for name, pin in pins.items() if pin.repository}
    assert where["short"] == ("oci://ghcr.io/org/charts", "app")
    assert where["deep"] == ("oci://ghcr.io/org/charts/team", "app")
    assert where["tagged"] == ("oci://registry.example.com/charts", "app")
    assert place(pins["tagged"])[2] == "1.2.3"
    assert pins["digest"].written == ()
    short = pins["short"].repository
    assert short is not None
    assert (short.username, short.password) == ("me", "hidden")

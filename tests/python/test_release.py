"""What is released: one version, a README for the index, and its contents."""

from __future__ import annotations

import datetime
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import dist_contents  # noqa: E402
import pypi_readme  # noqa: E402
import version as versions  # noqa: E402

TODAY = datetime.date(2030, 1, 2)
CHECKOUT_ONLY = pytest.mark.skipif(
    not (ROOT / ".github").exists(), reason="the checkout has it, not the sdist"
)


@pytest.fixture
def checkout(tmp_path):
    """The files that have a version, to be changed."""
    for name in versions.PLACES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def put_above(path, heading, text):
    """Writes text above the first line that starts as `heading`."""
    old = path.read_text("utf-8")
    path.write_text(old.replace(heading, f"{text}\n\n{heading}", 1), "utf-8")


def test_all_files_have_the_same_version():
    assert versions.disagreements() == []


@pytest.mark.parametrize("name", versions.PLACES)
def test_a_file_of_another_version_is_named(checkout, name):
    current = versions.versions()[versions.SOURCE]
    path = checkout / name
    path.write_text(path.read_text("utf-8").replace(current, "9.8.7"), "utf-8")
    lines = versions.disagreements(checkout)
    assert all("9.8.7" in line for line in lines)
    others = len(versions.PLACES) - 1
    assert len(lines) == (others if name == versions.SOURCE else 1)


def test_a_release_is_set_everywhere_and_leaves_what_was_before(checkout):
    changes, news = checkout / "CHANGELOG.md", checkout / "NEWS.md"
    put_above(changes, "## [", "## [Unreleased]\n\n- More.")
    put_above(news, "# softkeras", "# softkeras (development version)")
    before = changes.read_text("utf-8"), news.read_text("utf-8")
    versions.set_version("7.10.0", TODAY, checkout)
    assert set(versions.versions(checkout).values()) == {"7.10.0"}
    assert versions.not_released_as("v7.10.0", checkout) == []
    assert changes.read_text("utf-8") == before[0].replace(
        "## [Unreleased]", "## [7.10.0] - 2030-01-02"
    )
    assert news.read_text("utf-8") == before[1].replace(
        "(development version)", "7.10.0"
    )
    citation = (checkout / "CITATION.cff").read_text("utf-8")
    assert citation.count("date-released: 2030-01-02\n") == 1
    # Once more: the same version, a day later.
    versions.set_version("7.10.0", TODAY + datetime.timedelta(1), checkout)
    citation = (checkout / "CITATION.cff").read_text("utf-8")
    assert re.findall("date-released: (.*)", citation) == ["2030-01-03"]


@pytest.mark.parametrize("version", ["1.0", "1.0.0.dev0", "v1.0.0", "1.0.0-1"])
def test_a_version_that_r_or_python_does_not_take_is_refused(checkout, version):
    with pytest.raises(ValueError, match="three numbers"):
        versions.set_version(version, TODAY, checkout)


def test_what_has_no_changes_to_release_is_left_as_it_was(checkout):
    before = {name: (checkout / name).read_bytes() for name in versions.PLACES}
    with pytest.raises(ValueError, match="nothing to be released as"):
        versions.set_version("7.0.0", TODAY, checkout)
    for name, content in before.items():
        assert (checkout / name).read_bytes() == content


def test_a_tag_of_another_version_or_without_a_date_is_refused(checkout):
    changes = checkout / "CHANGELOG.md"
    text = changes.read_text("utf-8")
    text = re.sub(r"(## \[\d.*?\]) - .*", r"\1 - unreleased", text, count=1)
    changes.write_text(text, "utf-8")
    current = versions.versions(checkout)[versions.SOURCE]
    assert len(versions.not_released_as(f"v{current}", checkout)) == 1
    assert len(versions.not_released_as("v7.0.0", checkout)) == 2


def test_links_of_the_readme_lead_to_files():
    text = (ROOT / "README.md").read_text("utf-8")
    targets = [match[3] for match in pypi_readme.LOCAL.finditer(text)]
    for target in targets:
        assert (ROOT / target.partition("#")[0]).exists(), target


def test_the_readme_of_the_index_has_no_link_that_leads_nowhere():
    text = (
        "![a b](pictures/a.png)\n[c](docs/c.md), [d](#d), [e](https://e.f)\n"
        "```python\nf[i](x)\n```\n[`g`](docs/g.md#h)\n"
    )
    assert pypi_readme.readme(text, "1.0.0") == (
        "\nc, [d](#d), [e](https://e.f)\n```python\nf[i](x)\n```\n`g`\n"
    )
    at = "https://h.i/j"
    assert pypi_readme.readme(text, "1.0.0", at) == (
        f"![a b]({at}/raw/v1.0.0/pictures/a.png)\n"
        f"[c]({at}/blob/v1.0.0/docs/c.md), [d](#d), [e](https://e.f)\n"
        "```python\nf[i](x)\n```\n"
        f"[`g`]({at}/blob/v1.0.0/docs/g.md#h)\n"
    )


def test_the_readme_of_the_index_installs_with_pip():
    text = pypi_readme.readme(pypi_readme.README.read_text("utf-8"), "1.0.0")
    start = text.partition("\n## ")[0]
    assert 'pip install "softkeras[' in start and "\nmake demo" not in start
    assert "<!--" not in text and 'install ".' not in text


@pytest.fixture
def stage(tmp_path):
    """A folder of tracked files, with a small module."""
    for name in ("python/softkeras/__init__.py", "python/softkeras/py.typed"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def wheel_of(stage, **changes):
    names = [name.replace("*", "0") for name in dist_contents.MUST["wheel"]]
    files = dict.fromkeys([*names, "softkeras/__init__.py"], b"")
    (stage / "python/softkeras/r").mkdir(exist_ok=True)
    (stage / "python/softkeras/r/0.R").write_text("x")
    return {**files, **changes}


def blamed(files, stage, size=0.1):
    return list(dist_contents.problems("wheel", files, stage, size))


def test_a_wheel_that_has_all_is_not_blamed(stage):
    assert blamed(wheel_of(stage), stage) == []


def test_what_is_missing_or_too_much_in_a_wheel_is_named(stage):
    files = wheel_of(stage)
    del files["softkeras/py.typed"], files["softkeras/__init__.py"]
    files["softkeras/__pycache__/a.pyc"] = b""
    files["softkeras/left_over.py"] = b""
    lines = blamed(files, stage, size=3.0)
    for wanted in (
        "3.0 MB",
        "softkeras/py.typed is missing",
        "softkeras/__init__.py is missing",
        "softkeras/__pycache__/a.pyc is not to be released",
        "softkeras/left_over.py is in no tracked file",
    ):
        assert any(wanted in line for line in lines), wanted


@pytest.mark.parametrize("folder", ["home/me", "root", "tmp/x", "Users/me"])
def test_a_path_of_a_machine_is_found(stage, folder):
    name = "softkeras/__init__.py"
    for path in (f"/{folder}/x", str(stage)):
        files = wheel_of(stage, **{name: f"at {path}".encode()})
        lines = blamed(files, stage)
        assert lines and all("path of a machine" in line for line in lines)
    # Neither is a path from the root, nor the word.
    files = wheel_of(stage, **{name: f"{folder} x/{folder[0]}".encode()})
    assert blamed(files, stage) == []


def test_a_tarball_of_r_is_told_from_one_of_python():
    assert dist_contents.kind_of("softkeras_0.1.0.tar.gz") == "R"
    assert dist_contents.kind_of("softkeras-0.1.0.tar.gz") == "sdist"
    assert dist_contents.kind_of("softkeras-0.1.0-py3-none-any.whl") == "wheel"


@CHECKOUT_ONLY
def test_r_cmd_build_leaves_out_what_is_not_of_r():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True
    )
    if tracked.returncode != 0:
        pytest.skip("needs a checkout by git")
    tops = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    of_r = "DESCRIPTION LICENSE NAMESPACE NEWS.md R inst man tests vignettes"
    tops -= {".Rbuildignore", *of_r.split()}
    ignored = (ROOT / ".Rbuildignore").read_text("utf-8").splitlines()
    for top in tops:
        # R's patterns are Perl's, and so are these of Python.
        assert any(re.search(each, top) for each in ignored), top


@CHECKOUT_ONLY
def test_workflows_take_pinned_actions_and_may_only_read():
    workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
    assert workflows
    for path in workflows:
        text = path.read_text("utf-8")
        assert "\npermissions:\n  contents: read\n" in text, path.name
        for action in re.findall(r"uses: (\S+)", text):
            pinned = re.search("@[0-9a-f]{40}$", action)
            assert pinned or action.startswith("./"), action

"""What is in a wheel, an archive of sources and an editable package."""
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ('configs', 'docs', 'regionclip_mm', 'requirements', 'tools',
           'CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'MANIFEST.in',
           'Makefile', 'NOTICE', 'README.md', 'model-index.yml', 'setup.cfg',
           'setup.py')
MIM = 'regionclip_mm/.mim/'
OF_THE_CLONE = {'tools/check_wheel.sh', 'tools/setup_env.sh',
                'tools/test_matrix.py'}
OF_A_MACHINE = re.compile(r'(?<![\w.$~{}:/-])/(?:home|root|work|tmp|Users)/')


def shipped() -> set:
    """Files of the clone that belong into .mim."""
    files = {str(path.relative_to(ROOT)) for part in ('configs', 'tools')
             for path in (ROOT / part).rglob('*')
             if path.suffix in ('.py', '.sh', '.yml')}
    return files - OF_THE_CLONE | {'model-index.yml'}


def clone(folder: Path) -> Path:
    """A copy of what is in the repository, without what was built."""
    for name in SOURCES:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(
                '__pycache__', '.mim'))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    return folder


def build(source: Path, what: str) -> Path:
    """Build a 'wheel', 'sdist' or 'editable' as pip does."""
    out = source.parent / f'{source.name}-{what}'
    out.mkdir(exist_ok=True)
    subprocess.run(
        [sys.executable, '-c', 'import sys; from setuptools import build_meta;'
         f'build_meta.build_{what}(sys.argv[1])', str(out)],
        cwd=source, check=True, capture_output=True)
    return next(path for path in out.iterdir() if path.is_file())


def mim_of(wheel: Path) -> dict:
    """Name -> bytes of the files in .mim."""
    with zipfile.ZipFile(wheel) as archive:
        return {name[len(MIM):]: archive.read(name)
                for name in archive.namelist() if name.startswith(MIM)}


@pytest.fixture(scope='module')
def source(tmp_path_factory):
    """A clone in which a wheel was built before, of other files."""
    folder = clone(tmp_path_factory.mktemp('packaging') / 'clone')
    stale = folder / 'build/lib' / MIM / 'configs/renamed.py'
    stale.parent.mkdir(parents=True)
    stale.touch()
    return folder


@pytest.fixture(scope='module')
def wheel(source):
    return build(source, 'wheel')


def test_the_wheel_carries_configs_tools_and_index(wheel):
    found = mim_of(wheel)
    assert set(found) == shipped()
    for name, content in found.items():
        assert content == (ROOT / name).read_bytes(), name


def test_the_wheel_carries_the_package_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in (ROOT / 'regionclip_mm').rglob('*.py'):
        assert str(path.relative_to(ROOT)) in names
    assert any(name.endswith('.txt.gz') for name in names)
    tops = {name.partition('/')[0] for name in names}
    assert [top for top in tops if not top.endswith('.dist-info')] == [
        'regionclip_mm']


def test_no_path_of_a_machine_is_shipped(wheel):
    for name, content in mim_of(wheel).items():
        assert not OF_A_MACHINE.search(content.decode()), name


def test_a_build_leaves_the_sources_alone(wheel, source):
    assert not (source / MIM).exists()
    built = {'build', 'regionclip_mm.egg-info'}
    assert {path.name for path in source.iterdir()} - built == set(SOURCES)


def test_a_wheel_of_the_source_archive_is_the_same(source, tmp_path, wheel):
    with tarfile.open(build(source, 'sdist')) as archive:
        archive.extractall(tmp_path, filter='data')
    again = build(next(tmp_path.iterdir()), 'wheel')
    assert mim_of(again) == mim_of(wheel)


def test_an_editable_package_links_to_the_clone(tmp_path):
    source = clone(tmp_path / 'clone')
    for _ in range(2):  # installed once more
        build(source, 'editable')
        for name in ('configs', 'model-index.yml', 'tools'):
            link = source / MIM / name
            assert link.is_symlink()
            assert link.resolve() == source / name
        # by which mim finds the clone
        assert (source / 'regionclip_mm.egg-info/PKG-INFO').is_file()
    assert set(mim_of(build(source, 'wheel'))) == shipped()

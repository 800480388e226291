"""One line says which package does not fit, and what to install."""
import configparser
import re
from pathlib import Path

import pytest

from regionclip_mm import version_guard
from regionclip_mm.version_guard import SUPPORTED, check_versions, parse

ROOT = Path(__file__).parents[1]
FITTING = dict(
    torch='2.11.0+cu130', mmengine='0.10.7', mmcv='2.1.0', mmdet='3.3.0',
    transformers='4.51.3', setuptools='81.0.0')


@pytest.fixture
def installed(monkeypatch):
    """Versions that the guard sees; None stands for 'not installed'."""
    versions = dict(FITTING)
    monkeypatch.setattr(version_guard, 'installed_version', versions.get)
    return versions


def test_every_package_is_tried_here():
    assert set(FITTING) == set(SUPPORTED)


def test_fitting_versions_pass(installed):
    check_versions()


@pytest.mark.parametrize('package, version, cure', [
    ('torch', '1.13.1', 'torch==2.11.0 torchvision==0.26.0'),
    ('torch', '2.0.1', 'torch==2.11.0 torchvision==0.26.0'),
    ('torch', '2.13.0', 'torch==2.11.0 torchvision==0.26.0'),
    ('mmengine', '0.10.2', 'mmengine==0.10.7'),
    ('mmcv', '1.7.2', '--no-build-isolation mmcv==2.1.0'),
    ('mmcv', '2.2.0', '--no-build-isolation mmcv==2.1.0'),
    ('mmdet', '3.2.0', 'mmdet==3.3.0'),
    ('transformers', '4.37.2', 'transformers==4.51.3'),
    ('transformers', '4.53.0', 'transformers==4.51.3'),
    ('transformers', '5.1.0', 'transformers==4.51.3'),
    ('setuptools', '82.0.1', 'setuptools==81.0.0'),
])
def test_message_names_package_version_reason_and_cure(
        installed, package, version, cure):
    installed[package] = version
    with pytest.raises(ImportError) as caught:
        check_versions()
    message = str(caught.value)
    assert '\n' not in message
    assert message.startswith(f'regionclip_mm needs {package}>=')
    assert f'({SUPPORTED[package][3]})' in message
    assert f'found {version}: pip install {cure}' in message


@pytest.mark.parametrize('package', sorted(FITTING))
def test_missing_package(installed, package):
    installed[package] = None
    with pytest.raises(ImportError, match=f'{package}>=.*found none: pip '):
        check_versions()


@pytest.mark.parametrize('package, version', [
    ('torch', '2.1.0'), ('torch', '2.12.1'), ('mmcv', '2.0.0rc4'),
    ('mmengine', '0.10.3'), ('mmdet', '3.3.0'), ('transformers', '4.38.0'),
    ('transformers', '4.52.4'), ('setuptools', '59.5.0'),
])
def test_edges_of_the_ranges_pass(installed, package, version):
    installed[package] = version
    check_versions()


@pytest.mark.parametrize('text, numbers', [
    ('2.11.0+cu130', (2, 11, 0)),
    ('2.1.0rc1', (2, 1, 0)),
    ('2.0.0a0+git1234', (2, 0, 0)),
    ('2.9.0.dev20260101', (2, 9, 0)),
    ('5', (5, )),
])
def test_parse(text, numbers):
    assert parse(text) == numbers


def test_cure_is_inside_the_range():
    for package, (first, beyond, cure, _) in SUPPORTED.items():
        pin = next(p for p in cure.split() if p.startswith(f'{package}=='))
        assert first <= parse(pin.split('==')[1]) < beyond


def test_version_of_no_package():
    assert version_guard.installed_version('no-such-package-of-ours') is None


def test_setup_cfg_has_the_same_ranges():
    config = configparser.ConfigParser()
    config.read(ROOT / 'setup.cfg')
    wanted = config['options']['install_requires'].split()
    ranges = {re.split('[<>=]', line)[0]: line for line in wanted}
    for package, (first, beyond, _, _) in SUPPORTED.items():
        low = re.search(r'>=([\d.]+)', ranges[package])
        high = re.search(r'<([\d.]+)', ranges[package])
        assert not low or _same(parse(low[1]), first), package
        assert _same(parse(high[1]), beyond), package


def test_cures_are_the_pinned_versions():
    pins = ''.join(path.read_text()
                   for path in sorted(ROOT.glob('requirements/*.txt')))
    pins += (ROOT / 'tools/setup_env.sh').read_text()
    for _, _, cure, _ in SUPPORTED.values():
        for pin in re.findall(r'\S+==\S+', cure):
            assert pin in pins


def _same(a, b):
    """(2, 2, 0) is (2, 2)."""
    length = max(len(a), len(b))
    return [*a, *[0] * (length - len(a))] == [*b, *[0] * (length - len(b))]

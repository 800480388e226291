"""What setup.cfg cannot say: configs, tools and the model index belong into
``.mim`` of the package, where openmim looks for them."""
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop
from setuptools.command.egg_info import egg_info

ROOT = Path(__file__).resolve().parent
MIM = 'regionclip_mm/.mim'
PARTS = ('configs', 'model-index.yml', 'tools')
SUFFIXES = ('.py', '.sh', '.yml')
OF_THE_CLONE = ('check_wheel.sh', 'setup_env.sh', 'test_matrix.py')


class BuildWithMim(build_py):
    """Copies the parts into what is built; an editable package gets links.

    mim looks for the ``.mim`` of an editable package beside what names it,
    which is far from the clone: so there is an egg-info in the clone, too,
    found with ``PYTHONPATH=.``.
    """

    def run(self) -> None:
        """Build the package, then its ``.mim``."""
        super().run()
        if getattr(self, 'editable_mode', False):  # since setuptools 64
            link(ROOT / MIM)
            beside = egg_info(self.distribution)
            beside.egg_base = str(ROOT)
            beside.ensure_finalized()
            beside.run()
        else:
            copy(Path(self.build_lib) / MIM)


class DevelopWithMim(develop):
    """How pip before 25.3 makes an editable package, which builds none."""

    def run(self) -> None:
        """Install the clone, then link."""
        super().run()
        link(ROOT / MIM)


def copy(mim: Path) -> None:
    """Fill a folder anew with the files that are shipped."""
    shutil.rmtree(mim, ignore_errors=True)
    for part in PARTS:
        source = ROOT / part
        for path in [source] if source.is_file() else source.rglob('*'):
            if path.suffix in SUFFIXES and path.name not in OF_THE_CLONE:
                target = mim / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)


def link(mim: Path) -> None:
    """Link from the package to the clone around it."""
    mim.mkdir(exist_ok=True)
    for part in PARTS:
        (mim / part).unlink(missing_ok=True)
        (mim / part).symlink_to(Path('../..') / part)


setup(cmdclass=dict(build_py=BuildWithMim, develop=DevelopWithMim))

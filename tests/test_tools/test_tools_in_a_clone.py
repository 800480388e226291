"""Every tool runs from a clone of the repository that is not installed."""
import builtins
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# tools/test.py and train.py run mmdet's scripts as soon as they are imported.
TOOLS = [path for path in sorted((ROOT / 'tools').glob('**/*.py'))
         if 'import regionclip_mm' in path.read_text(encoding='utf-8')
         or 'from regionclip_mm' in path.read_text(encoding='utf-8')]


@pytest.mark.parametrize('tool', TOOLS, ids=lambda path: path.stem)
def test_the_clone_is_on_the_path_before_the_package_is_imported(
        tool, monkeypatch):
    there, real = [], builtins.__import__

    def watch(name, *args, **kwargs):
        if name.partition('.')[0] == 'regionclip_mm':
            there.append(str(ROOT) in sys.path)
        return real(name, *args, **kwargs)

    elsewhere = [path for path in sys.path if Path(path).resolve() != ROOT]
    monkeypatch.setattr(sys, 'path', [str(tool.parent), *elsewhere])
    for name in ('_report', 'flops', 'literal', 'measure',
                 'pretraining_step'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(builtins, '__import__', watch)
    runpy.run_path(str(tool), run_name='imported')
    assert there and all(there)

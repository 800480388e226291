"""mmdet's tools/train.py, from the installed package.

    python tools/train.py CONFIG [mmdet's options]
"""
import runpy
import sys
from pathlib import Path

import mmdet

sys.path.insert(0, str(Path(__file__).parents[1]))
runpy.run_path(
    str(Path(mmdet.__file__).parent / '.mim/tools/train.py'),
    run_name='__main__')

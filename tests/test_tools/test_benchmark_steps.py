"""The benchmarks of inference and of a training step run, in small."""
import re
import subprocess
import sys

import pytest
from nano import ROOT


@pytest.mark.slow
@pytest.mark.parametrize('script, options, last', [
    ('inference.py', '--proposals 5', 'embeddings'),
    ('train.py', '--regions 8', 'gradients')])
def test_both_forms_give_the_same(script, options, last):
    command = [sys.executable, str(ROOT / 'tools/benchmarks' / script),
               '--size', '96', '128', '--runs', '1', *options.split()]
    printed = subprocess.run(command, capture_output=True, text=True,
                             check=True).stdout
    assert re.search(r'\| (total|iteration) \| \d', printed)
    found = re.search(rf'{last} of the two forms differ by (\S+)', printed)
    assert float(found[1]) < 1e-5

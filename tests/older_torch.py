"""What older versions of torch do not have on a CPU."""
import pytest
import torch

#: Types of autocast.
HALVES = [torch.bfloat16, *[torch.float16] * (torch.__version__ >= (2, 6))]
needs_scaler = pytest.mark.skipif(
    not hasattr(torch.amp, 'GradScaler'),
    reason='this torch has no GradScaler of a CPU')

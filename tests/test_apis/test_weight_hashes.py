"""The hash of an encoder follows its weights."""
import copy

import torch
from nano import nano_detector

from regionclip_mm.apis import weight_hashes
from regionclip_mm.apis.weight_hashes import encoder_hash


def test_it_is_computed_once_unless_weights_change(monkeypatch):
    model = nano_detector()
    first = encoder_hash(model)
    assert encoder_hash(copy.deepcopy(model)) == first
    with monkeypatch.context() as patched:
        patched.setattr(weight_hashes, 'hash_of_weights', None)
        assert encoder_hash(model) == first
    weight = next(model.backbone.parameters())
    with torch.no_grad():
        weight.add_(1)
    assert encoder_hash(model) != first
    with torch.no_grad():
        weight.sub_(1)
    weight.data = weight.data.clone()
    model.load_state_dict(model.state_dict())
    assert len(encoder_hash(model)) == 64

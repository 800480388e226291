"""Keys of ``model.test_cfg`` that nobody would read."""
import pytest
from nano import nano_model

from mmdet.registry import MODELS


@pytest.mark.parametrize('key', ['rcn', 'score_thr', 'nms'])
def test_misspelt_part(key):
    model = nano_model()
    model['test_cfg'][key] = dict(score_thr=0.5)
    with pytest.raises(ValueError, match=f'model.test_cfg has {key}; it takes '
                       'rcnn, rpn, chunked_size'):
        MODELS.build(model)

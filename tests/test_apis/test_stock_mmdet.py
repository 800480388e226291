"""mmdet's own inferencer and functions, on our configs."""
from functools import partial

import cv2
import pytest
import torch
from mmengine.analysis import get_model_complexity_info
from mmengine.config import Config
from nano import CLASSES, make_image, make_vocabulary, write_nano

from mmdet.apis import DetInferencer, inference_detector, init_detector
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample


@pytest.fixture(scope='module')
def files(tmp_path_factory) -> tuple:
    """Config and checkpoint of a detector with a vocabulary in its config;
    the checkpoint has no class names, as a converted one."""
    folder = tmp_path_factory.mktemp('stock')
    make_vocabulary().save(folder / 'v.pth')
    source = dict(type='VocabularyFile', path=str(folder / 'v.pth'))
    return write_nano(folder, vocabulary=source)


def test_inferencer_draws_the_right_names(files, tmp_path, monkeypatch):
    with pytest.warns(UserWarning, match='use COCO classes'):
        detect = DetInferencer(*files, device='cpu', show_progress=False)
    assert detect.model.dataset_meta['classes'][0] == 'person'
    drawn = []
    monkeypatch.setattr(detect.visualizer, 'draw_texts',
                        lambda text, *args, **kwargs: drawn.append(text))
    cv2.imwrite(str(tmp_path / 'a.png'), make_image())
    found = detect(str(tmp_path / 'a.png'), out_dir=str(tmp_path / 'out'),
                   pred_score_thr=0, no_save_pred=False)['predictions'][0]
    assert drawn == [
        f'{CLASSES[label]}: {round(score * 100, 1)}'
        for label, score in zip(found['labels'], found['scores'])]
    assert len(drawn) > 3
    assert (tmp_path / 'out/vis/a.png').exists()
    assert (tmp_path / 'out/preds/a.json').exists()


def test_functions(files):
    detector = init_detector(*files, device='cpu')
    sample = inference_detector(detector, make_image())
    expected = DetInferencer(*files, device='cpu', show_progress=False)(
        make_image())['predictions'][0]
    instances = sample.pred_instances
    assert instances.label_names == [CLASSES[i] for i in instances.labels]
    assert instances.scores.tolist() == pytest.approx(expected['scores'])
    one, two = inference_detector(detector, [make_image(), make_image(50, 50)])
    assert one.pred_instances.label_names == instances.label_names


def test_words_for_mmdets_functions(files):
    detector = init_detector(*files, device='cpu')
    detector.set_vocabulary(['violin'])
    sample = inference_detector(detector, make_image())
    assert set(sample.pred_instances.label_names) == {'violin'}


@pytest.mark.filterwarnings('ignore')  # of the tracer
def test_a_vocabulary_is_read_in_the_midst_of_a_trace(files):
    """As mmdet's get_flops.py counts: the first forward is the traced one."""
    detector = MODELS.build(Config.fromfile(files[0]).model).eval()
    batch = detector.data_preprocessor(dict(
        inputs=[torch.from_numpy(make_image(64, 64)).permute(2, 0, 1)],
        data_samples=[DetDataSample(metainfo=dict(
            img_shape=(64, 64), ori_shape=(64, 64)))]))
    detector.forward = partial(detector.forward,
                               data_samples=batch['data_samples'])
    counted = get_model_complexity_info(
        detector, None, inputs=batch['inputs'], show_table=False,
        show_arch=False)
    assert detector.vocabulary.names == CLASSES
    assert counted['flops'] > 1e8
    assert counted['params'] == sum(
        p.numel() for p in detector.parameters())

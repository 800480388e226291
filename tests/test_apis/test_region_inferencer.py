import json
import sys
import time

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from nano import make_image, make_vocabulary, nano_detector, write_nano
from pycocotools.coco import COCO

from mmdet.evaluation import get_classes
from regionclip_mm.apis import RegionInferencer

WORDS = 'cat . traffic cone'
NAMES = ('cat', 'traffic cone')


def boxes(prediction: dict) -> np.ndarray:
    return np.array([box + [score, label] for box, score, label in zip(
        prediction['bboxes'], prediction['scores'], prediction['labels'])])


def test_same_as_the_detector(detect):
    found = detect(make_image(), texts=WORDS)['predictions'][0]
    detector = nano_detector()
    detector.set_vocabulary(NAMES)
    data = detect.pipeline(dict(img=make_image()))
    with torch.no_grad():
        sample = detector.test_step({k: [v] for k, v in data.items()})[0]
    expected = sample.pred_instances
    assert len(expected) > 3
    assert np.allclose(found['bboxes'], expected.bboxes)
    assert np.allclose(found['scores'], expected.scores)
    assert found['label_names'] == expected.label_names
    assert found['class_scores'] == pytest.approx(
        expected.class_scores.tolist())
    assert set(found['label_names']) == set(NAMES)


@pytest.mark.parametrize('words', [
    dict(vocabulary=['cat', 'traffic cone']), dict(texts=[NAMES]),
    dict(texts='cat . traffic cone.'), dict(texts=[['cat', 'traffic cone']]),
    dict(texts=WORDS, chunked_size=1),
    dict(texts=WORDS, custom_entities=True)])
def test_ways_to_say_it(detect, words):
    expected = detect(make_image(), texts=WORDS)['predictions']
    assert detect(make_image(), **words)['predictions'][0][
        'scores'] == pytest.approx(expected[0]['scores'])


def test_predefined_vocabulary(detect):
    results = detect([make_image(), make_image(seed=1)], texts='$: coco')
    names = {n for p in results['predictions'] for n in p['label_names']}
    assert len(results['predictions']) == 2
    assert names <= set(get_classes('coco'))


def test_images_of_every_kind(detect, tmp_path):
    image = make_image()
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), image)
    from PIL import Image
    pil = Image.fromarray(image[..., ::-1])
    results = detect([image, str(path), path, pil], texts=WORDS, batch_size=3)
    first, *others = results['predictions']
    assert len(others) == 3
    for other in others:
        assert np.allclose(boxes(first), boxes(other), atol=1e-4)
    assert [p['img_path'] for p in others[:2]] == [str(path)] * 2


def test_folder_in_order_whatever_the_extensions(detect, tmp_path):
    for name in ('b.PNG', 'a.jpg', 'c.jpeg'):
        cv2.imwrite(str(tmp_path / name), make_image())
    (tmp_path / 'notes.txt').write_text('no image')
    results = detect(tmp_path, texts=WORDS, batch_size=2)
    paths = [p['img_path'] for p in results['predictions']]
    assert paths == [str(tmp_path / n) for n in ('a.jpg', 'b.PNG', 'c.jpeg')]


def test_own_words_for_each_image(detect):
    images = [make_image(seed=s) for s in range(3)]
    texts = ['cat', 'dog . bird', 'cat']
    together = detect(images, texts=texts, batch_size=3)['predictions']
    for image, text, found in zip(images, texts, together):
        alone = detect(image, texts=text)['predictions'][0]
        assert alone['label_names'] == found['label_names']
        assert np.allclose(boxes(alone), boxes(found), atol=1e-4)
    assert set(together[0]['label_names']) == {'cat'}
    assert set(together[1]['label_names']) == {'dog', 'bird'}


def test_words_of_a_call_are_gone_after_it(tmp_path):
    make_vocabulary().save(tmp_path / 'v.pth')
    source = dict(type='VocabularyFile', path=str(tmp_path / 'v.pth'))
    detect = RegionInferencer(*write_nano(tmp_path, vocabulary=source),
                              device='cpu', show_progress=False)
    before = detect(make_image())['predictions'][0]
    detect(make_image(), texts='bird . plane')
    detect(make_image(), vocabulary=make_vocabulary(['x', 'y']))
    after = detect(make_image())['predictions'][0]
    assert before['label_names'] == after['label_names']
    assert set(before['label_names']) <= set(make_vocabulary().names)


def test_vocabulary_with_embeddings(detect):
    found = detect(make_image(), vocabulary=make_vocabulary())
    assert set(found['predictions'][0]['label_names']) <= set(
        make_vocabulary().names)


def test_new_words_open_no_file_and_load_nothing(detect):
    detect(make_image(), texts='warm up')
    opened, watching = [], True

    def watch(event: str, args: tuple) -> None:
        if watching and event in ('open', 'os.open', 'os.listdir'):
            opened.append(args)

    sys.addaudithook(watch)
    model, weights = detect.model, [p.data_ptr()
                                    for p in detect.model.parameters()]
    start = time.process_time()
    detect(make_image(), texts='submarine . violin')
    seconds = time.process_time() - start
    watching = False
    assert not opened
    assert detect.model is model
    assert weights == [p.data_ptr() for p in model.parameters()]
    assert seconds < 2  # 0.07 s, most of it the image


def test_known_words_are_not_encoded_again(detect, monkeypatch):
    detect(make_image(), texts='apple . pear')
    encoded = []
    encode = detect.model.text_encoder.encode
    monkeypatch.setattr(detect.model.text_encoder, 'encode',
                        lambda texts: encoded.extend(texts) or encode(texts))
    detect(make_image(), texts='pear . quince . apple')
    assert encoded == ['quince']


def test_results_file(detect, tmp_path):
    images = [make_image(), make_image(50, 90)]
    results = detect(images, texts=['cat', 'dog . cat'], out_dir=str(tmp_path),
                     no_save_pred=False, no_save_vis=True)
    assert not (tmp_path / 'vis').exists()
    coco = COCO(str(tmp_path / 'predictions.json'))
    names = {c['id']: c['name'] for c in coco.loadCats(coco.getCatIds())}
    assert list(names.values()) == ['cat', 'dog']
    for number, found in enumerate(results['predictions'], 1):
        entries = coco.imgToAnns[number]
        assert [names[e['category_id']] for e in entries] == found[
            'label_names']
        assert [e['score'] for e in entries] == found['scores']
        x1, y1, x2, y2 = found['bboxes'][0]
        assert entries[0]['bbox'] == [x1, y1, x2 - x1, y2 - y1]
    assert (coco.imgs[2]['height'], coco.imgs[2]['width']) == (50, 90)
    assert coco.loadRes(coco.dataset['annotations']).anns


def test_pictures(detect, tmp_path):
    (tmp_path / 'other').mkdir()
    for folder in (tmp_path, tmp_path / 'other'):
        cv2.imwrite(str(folder / 'a.png'), np.full((60, 80, 3), (255, 0, 0)))
    paths = [str(tmp_path / 'a.png'), str(tmp_path / 'other/a.png')]
    out = tmp_path / 'out'
    results = detect([*paths, np.full((60, 80, 3), (255, 0, 0), np.uint8)],
                     texts=WORDS, out_dir=str(out), pred_score_thr=2)
    names = sorted(p.name for p in (out / 'vis').iterdir())
    assert names[1:] == ['a.png', 'a_2.png'] and len(names) == 3
    for name in names:  # nothing drawn, colours as they were: blue
        assert (cv2.imread(str(out / 'vis' / name))[30, 40]
                >= (250, 0, 0)).all()
    assert not (out / 'predictions.json').exists()
    assert len(results['visualization']) == 3
    assert (results['visualization'][0][30, 40] == (0, 0, 255)).all()  # RGB


def test_names_are_drawn(detect, monkeypatch):
    drawn = []
    monkeypatch.setattr(detect.visualizer, 'draw_texts',
                        lambda text, *args, **kwargs: drawn.append(text))
    found = detect(make_image(), texts='cat . $5$ note', return_vis=True,
                   pred_score_thr=0)['predictions'][0]
    assert found['label_names']
    assert drawn == [
        f'{name}: {round(score * 100, 1)}'.replace('$', r'\$')
        for name, score in zip(found['label_names'], found['scores'])]


def test_more_words_than_colours(detect, monkeypatch):
    monkeypatch.setattr(detect, '_palette', 'coco')
    names = [f'thing {i}' for i in range(400)]
    found = detect(make_image(), vocabulary=names, return_vis=True,
                   pred_score_thr=0)
    assert max(found['predictions'][0]['labels']) > 133


def test_options_of_the_demo(detect):
    everything = detect(make_image(), texts=WORDS)['predictions'][0]
    found = detect(make_image(), texts=WORDS, unique_boxes=True, max_boxes=3,
                   min_area=500, scores='class')['predictions'][0]
    places = [tuple(box) for box in found['bboxes']]
    assert len(places) == len(set(places)) == 3
    assert all((x2 - x1) * (y2 - y1) >= 500 for x1, y1, x2, y2 in places)
    assert found['scores'] == found['class_scores']
    assert len(everything['bboxes']) > 3


def test_data_samples_and_printing(detect, capsys):
    results = detect(make_image(), texts=WORDS, return_datasamples=True)
    assert results['predictions'][0].pred_instances.label_names
    detect(make_image(), texts=WORDS, print_result=True)
    assert 'traffic cone' in capsys.readouterr().out


def test_progress_bar_knows_the_number_of_batches(detect, monkeypatch):
    from operator import length_hint

    from mmdet.apis import det_inferencer
    hints = []
    monkeypatch.setattr(detect, 'show_progress', True)
    monkeypatch.setattr(
        det_inferencer, 'track', lambda batches, description: (
            hints.append(length_hint(batches)) or batches))
    detect([make_image()] * 5, texts=WORDS, batch_size=2)
    assert hints == [3]


def test_chunked_size_of_mmdets_demo(detect, monkeypatch):
    sizes = []
    vocabulary = detect.words.vocabulary
    monkeypatch.setattr(
        detect.words, 'vocabulary', lambda *args, **kwargs: sizes.append(
            kwargs.get('chunked_size')) or vocabulary(*args, **kwargs))
    detect.model.test_cfg.chunked_size = 7
    detect(make_image(), texts=WORDS)
    detect.model.test_cfg.pop('chunked_size')
    assert sizes[0] == 7


def test_config_without_a_visualizer(nano_files, tmp_path):
    config = Config.fromfile(nano_files[0])
    config.pop('visualizer')
    detect = RegionInferencer(config, nano_files[1], device='cpu',
                              show_progress=False)
    detect(make_image(), texts=WORDS, out_dir=str(tmp_path))
    assert (tmp_path / 'vis/00000000.jpg').exists()


def test_results_file_is_plain_json(detect, tmp_path):
    detect(make_image(), vocabulary=['人', 'größe'], out_dir=str(tmp_path),
           no_save_pred=False, no_save_vis=True)
    data = json.loads((tmp_path / 'predictions.json').read_text())
    assert [c['name'] for c in data['categories']] == ['人', 'größe']
    assert data['skipped'] == []


def test_batch_size_and_display(tmp_path, monkeypatch):
    from nano import make_image, write_nano
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(name, raising=False)
    detect = RegionInferencer(*write_nano(tmp_path), device='cpu',
                              show_progress=False)
    with pytest.raises(ValueError, match='batch_size=0'):
        detect(make_image(), batch_size=0, vocabulary=['cat'])
    with pytest.raises(ValueError, match='no display.*out_dir'):
        detect(make_image(), show=True, vocabulary=['cat'])

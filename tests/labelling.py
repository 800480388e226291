"""tools/label_regions.py on a few images, for the tests."""
import json
import runpy
from functools import lru_cache
from pathlib import Path

import cv2
import torch
from mmengine.config import Config
from nano import make_image, make_vocabulary
from nano_pretraining import CONCEPTS, build_pretrainer, pretrainer_model

from regionclip_mm.apis import label_parts

ROOT = Path(__file__).parents[1]
STEPS = [dict(type='LoadEncodedImage'),
         dict(type='Resize', scale=(96, 96), keep_ratio=True)]
META = ('img_id', 'img_path', 'img_shape', 'ori_shape', 'scale_factor',
        'text')


@lru_cache(None)
def tool():
    """The function `main` of the tool."""
    return runpy.run_path(str(ROOT / 'tools/label_regions.py'))['main']


def write_online(tmp_path, monkeypatch):
    """Config file of an online training on seven images, one of them bad.

    Parts have three images.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(label_parts, 'PART', 3)
    data = []
    for number in range(7):
        size = 60 + 5 * number, 80
        path = tmp_path / f'images/{number}.png'
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cv2.imencode('.png', make_image(*size, number))[1])
        data.append(dict(img_id=f'id{number}', img_path=path.name,
                         text=f'a cat {number}', texts=['a cat', 'a dog']))
    (tmp_path / 'images/4.png').write_bytes(b'no image')
    (tmp_path / 'pairs.json').write_text(json.dumps(
        dict(metainfo={}, data_list=data)))
    make_vocabulary(CONCEPTS).save('pool.pth')
    model = pretrainer_model()
    pool = dict(type='VocabularyFile', path='pool.pth')
    for part in (model, model.teacher):
        part.roi_head.bbox_head.cls_predictor_cfg.vocabulary = pool
    pretrainer = build_pretrainer()
    torch.save(dict(state_dict=pretrainer.state_dict()), 'student.pth')
    torch.save(dict(state_dict=pretrainer.teacher.state_dict()),
               'teacher.pth')
    model.teacher.init_cfg = dict(type='Pretrained', checkpoint='teacher.pth')
    pack = dict(type='PackDetInputs', meta_keys=META)
    Config(dict(
        model=model, load_from='student.pth', label_pipeline=[*STEPS, pack],
        custom_imports=dict(imports=['regionclip_mm.models',
                                     'regionclip_mm.datasets']),
        train_dataloader=dict(batch_size=2, num_workers=0, dataset=dict(
            type='BaseDetDataset', ann_file='pairs.json',
            data_root=str(tmp_path), data_prefix=dict(img_path='images'),
            pipeline=[*STEPS, pack])))).dump('online.py')


def change_pair(number, **changes):
    """Of pairs.json."""
    data = json.loads(Path('pairs.json').read_text())
    data['data_list'][number].update(changes)
    Path('pairs.json').write_text(json.dumps(data))


def files(name):
    """Contents of the three files."""
    return [Path(f'{name}.{kind}').read_bytes()
            for kind in ('json', 'npy', 'index.jsonl')]


def killed(*args):
    """Stands for a method in which the program is interrupted."""
    raise KeyboardInterrupt

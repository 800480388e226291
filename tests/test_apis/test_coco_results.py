import json

from pycocotools import mask as masks
from pycocotools.coco import COCO

from regionclip_mm.apis.coco_results import CocoResults


def test_masks_and_skipped_images(tmp_path):
    results = CocoResults()
    rle = masks.frPyObjects([[1, 1, 5, 1, 5, 5, 1, 5]], 10, 20)[0]
    rle = dict(size=rle['size'], counts=rle['counts'].decode())
    results.declare(['cat', 'dog'])
    results.add('a.jpg', 10, 20, dict(
        bboxes=[[1, 1, 5, 5]], scores=[0.5], class_scores=[0.25],
        label_names=['dog'], masks=[rle]))
    results.add('empty.jpg', 10, 20, dict(
        bboxes=[], scores=[], class_scores=[], label_names=[]))
    results.skipped = [dict(index=1, file_name='b.jpg', reason='damaged')]
    path = results.save(str(tmp_path / 'new'))
    coco = COCO(path)
    annotation, = coco.anns.values()
    assert annotation['category_id'] == 2 and annotation['area'] == 16
    assert coco.annToMask(annotation).sum() == 16
    assert [i['file_name'] for i in coco.imgs.values()] == [
        'a.jpg', 'empty.jpg']
    assert json.load(open(path))['skipped'][0]['reason'] == 'damaged'

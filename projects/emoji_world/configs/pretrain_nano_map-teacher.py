# python tools/label_regions.py \
#     projects/emoji_world/configs/pretrain_nano_map-teacher.py \
#     data/emoji_world/labels/map_teacher.json
"""The reference's teacher, which pools regions from the image's maps: an
ablation, for labelling alone (train with the files of pretrain_nano.py)."""
_base_ = './pretrain_nano.py'

teacher = _base_.model.teacher
teacher.type = 'RegionCLIP'
teacher.pop('crop_size')
teacher.pop('context')

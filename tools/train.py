"""mmdet's tools/train.py, from the installed package.

    python tools/train.py CONFIG [mmdet's options]
"""
from _mmdet import hand_over

if __name__ == '__main__':
    hand_over('.mim/tools/train.py', 'config file')

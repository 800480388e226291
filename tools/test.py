"""mmdet's tools/test.py, from the installed package.

    python tools/test.py CONFIG CHECKPOINT [mmdet's options]
"""
from _mmdet import hand_over

if __name__ == '__main__':
    hand_over('.mim/tools/test.py', 'config file', 'checkpoint')

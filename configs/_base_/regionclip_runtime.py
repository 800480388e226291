"""mmdet's runtime, and the check of vocabulary against dataset classes."""
_base_ = ['mmdet::_base_/default_runtime.py', './regionclip_imports.py']

custom_hooks = [dict(type='VocabularyCheckHook')]

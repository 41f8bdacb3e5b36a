# Every public name of pymemcache: classes, methods, options, functions, constants. As JSON.
import importlib
import inspect
import json
import pkgutil

import pymemcache

names = set()
for module_info in pkgutil.walk_packages(pymemcache.__path__, "pymemcache."):
    if ".test." in module_info.name:
        continue
    module = importlib.import_module(module_info.name)
    for name, value in vars(module).items():
        if name.startswith("_") or inspect.ismodule(value):
            continue
        if getattr(value, "__module__", None) != module_info.name:
            continue
        names.add(name)
        if inspect.isclass(value):
            names.update(member for member in vars(value) if not member.startswith("_"))
            if "__init__" in vars(value):
                names.update(inspect.signature(value.__init__).parameters)
print(json.dumps(sorted(names - {"self", "args", "kwargs"})))

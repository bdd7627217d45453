"""A ConfigMap volume on a real file system, written as the kubelet writes it."""

import itertools
import os
import shutil


class Volume:
    """A mounted volume; `path` is what a pod sees."""

    def __init__(self, path):
        self.path = path
        path.mkdir()
        self.numbers = itertools.count(1)

    def publish(self, bundle, without=()):
        """Makes a bundle's files the generation that counts, in one rename of the link `..data`."""
        name = f"..generation-{next(self.numbers):09}"
        generation = self.path / name
        generation.mkdir()
        for file in bundle.directory.iterdir():
            if file.name not in without:
                shutil.copy(file, generation)
        data, new = self.path / "..data", self.path / "..data_tmp"
        before = data.readlink() if data.is_symlink() else None
        new.symlink_to(name)
        os.replace(new, data)
        self.link_names({file.name for file in generation.iterdir()})
        if before:
            shutil.rmtree(self.path / before)

    def link_names(self, names):
        """The links of the files' names: new ones come, those of files that are gone go."""
        for link in self.path.iterdir():
            if not link.name.startswith("..") and link.name not in names:
                link.unlink()
        for name in names:
            link = self.path / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")

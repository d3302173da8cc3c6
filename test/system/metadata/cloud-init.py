# Runs cloud-init's own data source for Alibaba Cloud and prints what it found, as one line of JSON.
# Argument: the URL of the metadata service, if it is not the built-in one.

import base64
import json
import sys
import tempfile

from cloudinit import dmi, distros, helpers, version
from cloudinit.sources.DataSourceAliYun import DataSourceAliYun

# The name by which cloud-init knows an instance is in its firmware, not in the metadata service.
dmi.read_dmi_data = lambda key: "Alibaba Cloud ECS"

settings = {"max_wait": 10, "timeout": 5}
if len(sys.argv) > 1:
    settings["metadata_urls"] = [sys.argv[1]]


def text_of(data):
    return base64.b64encode(data or b"").decode()


with tempfile.TemporaryDirectory() as folder:
    paths = helpers.Paths({"cloud_dir": folder, "run_dir": folder})
    distro = distros.fetch("debian")("debian", {}, paths)
    source = DataSourceAliYun({"datasource": {"AliYun": settings}}, distro, paths)
    found = source.get_data()
    # It can say that it found the service, and have got nothing from it.
    has_metadata = bool(source.metadata)
    print(
        json.dumps(
            {
                "version": version.version_string(),
                "found": found,
                "address": source.metadata_address,
                "instance_id": source.get_instance_id() if has_metadata else None,
                "hostname": source.get_hostname().hostname,
                "public_keys": source.get_public_ssh_keys(),
                "user_data": text_of(source.get_userdata_raw()),
                "metadata": source.metadata,
            }
        )
    )

"""The open platform (open.bigmodel.cn, api.z.ai): official, paid by use, with an API key."""

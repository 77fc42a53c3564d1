"""An account of chatglm.cn, and how its service is called."""

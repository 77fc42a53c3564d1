"""Vercel on this machine: its own builder, its own Python runtime, and its route table.

from tests.platforms.vercel import Deployment, build, serve

built = build()                                     # `vercel build` on a copy of the checkout, once per run
with serve(built.functions["python"]) as instance:
    instance.url, instance.user_init_duration       # one function, as the platform runs it
with Deployment(built, {"GLM_CHATGLM_URL": upstream.url}) as deployment:
    OpenAI(base_url=f"{deployment.url}/v1", ...)    # all of it behind one address
"""

from .build import Build, BuildFailed, build
from .deployment import Deployment
from .function import Function
from .instance import Instance, StartFailed, serve
from .routes import Routes, Target

__all__ = [
    "Build",
    "BuildFailed",
    "Deployment",
    "Function",
    "Instance",
    "Routes",
    "StartFailed",
    "Target",
    "build",
    "serve",
]

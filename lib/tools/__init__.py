"""Tool calls and structured output over an upstream that only writes text: prompt out, reader in. Pure, no I/O.

How an upstream uses it, where `request.tools` is not empty or `call_names(request.messages)` is not:

    sent = merge(prompt.messages(request, clean), missing)  # in place of request.messages; search off
    reader = CallReader(request.callable_tools, parallel=request.parallel_tool_calls)
    events = reader.feed(text)              # for each Text; other events pass by
    events += reader.take_calls(read_native(name, arguments, show_type, request.callable_tools))  # for each native call
    if reader.stopped: ...                  # after each list of events: stop the upstream, drop what follows
    if reader.failure: raise reader.failure # after the events; never asked again
    events += reader.end(cut=False)         # cut=True where a limit ended it, then `Finish("length")` if `unfinished`
    if nothing visible came: read_calls(reasoning, request.callable_tools)
    Finish("tool_calls" if reader.called else "stop")
"""

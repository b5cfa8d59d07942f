"""A replay in a process of its own that says, after each append that has returned, up to which event it is kept."""

# Source that a test's own program begins with: `Witness` is the composition root, with a listener that says so.
ACKNOWLEDGING_CONTAINER = """
from throughline.app.container import Container

class AcknowledgingListener:
    def __init__(self, listener):
        self.listener = listener
    def logged(self, events):
        print(events[-1].seq, flush=True)
        self.listener.logged(events)
    def streamed(self, turn, text):
        self.listener.streamed(turn, text)

class AcknowledgingContainer(Container):
    async def prepare_replay(self, recording, project, settings, listener, *rest):
        return await super().prepare_replay(recording, project, settings, AcknowledgingListener(listener), *rest)
"""

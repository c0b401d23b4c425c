"""`python -m toile.data.readers.decoder_worker`: a process that decodes chunks of pictures.

The first line of its input says how, each further one names a chunk; for each it writes a line that
says what came of it. When its input ends it leaves, and so it does when who asks was killed.
"""

import json
import os
import signal
import sys

from toile.data.readers.decoder_processes import ChunkTask, DecoderSetup, decode_chunk
from toile.data.readers.parts import UnfinishedDecoding
from toile.data.readers.picture import quiet_pillow
from toile.errors import ToileError


def main() -> None:
    """Decode until the input ends."""
    # Ctrl-C reaches every process of a terminal; who asks decides what it does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    handle = os.dup(1)
    # Nothing that a library prints is mixed into the replies.
    os.dup2(2, 1)
    setup = DecoderSetup.of_json(json.loads(sys.stdin.buffer.readline()))
    with quiet_pillow(), os.fdopen(handle, "wb", buffering=0) as replies:
        for line in sys.stdin.buffer:
            try:
                record = decode_chunk(setup, ChunkTask.of_json(json.loads(line))).to_json()
            except UnfinishedDecoding as reason:
                record = {"unfinished": str(reason)}
            except ToileError as refusal:
                record = {"refused": str(refusal)}
            replies.write(json.dumps(record).encode() + b"\n")


if __name__ == "__main__":
    main()

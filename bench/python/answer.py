"""What diffusers makes of a model's folder: the network's answer to one batch.

    answer.py MODEL    reads {x, shape, t, labels} from standard input, and writes {output}
"""
import base64
import json
import os
import sys

os.environ.setdefault('HF_HUB_OFFLINE', '1')
# what the libraries print is not the answer
answer = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)

import numpy as np
import torch
from diffusers import UNet2DModel

asked = json.load(sys.stdin)
model = UNet2DModel.from_pretrained(sys.argv[1], use_safetensors=True, low_cpu_mem_usage=False).eval()
x = np.frombuffer(base64.b64decode(asked['x']), dtype=np.float32).reshape(asked['shape'])
labels = None if asked['labels'] is None else torch.tensor(asked['labels'])
with torch.no_grad():
    seen = torch.from_numpy(x.transpose(0, 3, 1, 2).copy())
    output = model(seen, torch.tensor(asked['t']), class_labels=labels).sample
floats = np.ascontiguousarray(output.permute(0, 2, 3, 1).numpy())
print(json.dumps({'output': base64.b64encode(floats.tobytes()).decode()}), file=answer)

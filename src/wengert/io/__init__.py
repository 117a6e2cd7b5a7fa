"""Files: torch's .pt formats and safetensors, read and written without torch, and executing nothing that is read."""

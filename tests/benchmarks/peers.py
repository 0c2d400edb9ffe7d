"""The same work by other means: curl and jq in a shell, requests in a plain script; both do the documented loop."""

import sys
from pathlib import Path

# One job: image, result. `--fail` and `-s` as anyone would write it.
SHELL_LOOP = r"""
job=$(curl -sf "$AEFORGE_BASE_URL/image-tune/inpaint/v2" -H "Authorization: Bearer $AEFORGE_API_KEY" \
      -F "image=@$1" -F "prompt=blue sky" -F "quality=standard" | jq -r .job_id)
while sleep 1; do
  answer=$(curl -sf "$AEFORGE_BASE_URL/job/$job" -H "Authorization: Bearer $AEFORGE_API_KEY")
  status=$(printf %s "$answer" | jq -r .status)
  [ "$status" = Pending ] || break
done
curl -sf -o "$2" "$(printf %s "$answer" | jq -r '.image_urls[0]')"
"""


def main() -> None:
    """One job, as the documentation shows it in Python."""
    import os
    import time

    import requests

    base, source, target = os.environ["AEFORGE_BASE_URL"], Path(sys.argv[1]), Path(sys.argv[2])
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {os.environ['AEFORGE_API_KEY']}"
    with source.open("rb") as image:
        form = {"prompt": "blue sky", "quality": "standard"}
        answer = session.post(f"{base}/image-tune/inpaint/v2", files={"image": image}, data=form, timeout=30)
    job_id = answer.json()["job_id"]
    job = {"status": "Pending"}
    while job["status"] == "Pending":
        time.sleep(1)
        job = session.get(f"{base}/job/{job_id}", timeout=30).json()
    target.write_bytes(session.get(job["image_urls"][0], timeout=30).content)


if __name__ == "__main__":
    main()

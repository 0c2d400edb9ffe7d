addEventListener("input", event => {
  const stage = event.target.closest(".stage");
  if (stage) stage.style.setProperty("--at", event.target.value + "%");
});

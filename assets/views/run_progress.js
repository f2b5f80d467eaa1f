// How far a run over many rows has come.
const view = element.querySelector(".rp");
let running = false;
const show = () => {
  const value = props.value;
  view.hidden = !value;
  const begins = !running;
  running = Boolean(value && value.running);
  if (!value) return;
  element.querySelector(".rp-fill").style.width = value.percent + "%";
  element.querySelector(".rp-track").setAttribute("aria-valuenow", value.percent);
  element.querySelector(".rp-text").textContent = value.text;
  if (begins && running) requestAnimationFrame(() => view.scrollIntoView({ block: "nearest" }));  // below a laptop's fold
};
watch("value", show);
show();

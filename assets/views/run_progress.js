// How far a run over many rows has come.
const view = element.querySelector(".rp");
let running = false;
const show = () => {
  const value = props.value;
  view.hidden = !value;
  if (value && value.percent < 100 && !running) element.scrollIntoView({ block: "nearest" });  // below a laptop's fold
  running = Boolean(value && value.percent < 100);
  if (!value) return;
  element.querySelector(".rp-fill").style.width = value.percent + "%";
  element.querySelector(".rp-track").setAttribute("aria-valuenow", value.percent);
  element.querySelector(".rp-text").textContent = value.text;
};
watch("value", show);
show();

// How far a run over many rows has come.
const view = element.querySelector(".rp");
const show = () => {
  const value = props.value;
  view.hidden = !value;
  if (!value) return;
  element.querySelector(".rp-fill").style.width = value.percent + "%";
  element.querySelector(".rp-track").setAttribute("aria-valuenow", value.percent);
  element.querySelector(".rp-text").textContent = value.text;
};
watch("value", show);
show();

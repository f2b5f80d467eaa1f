// One line in the header: what is loading, or that everything is ready and where it runs.
const line = element.querySelector(".pg-status");
const text = element.querySelector(".text");
const show = () => {
  const value = props.value || { ready: false, text: "Starting…" };
  line.classList.toggle("ready", Boolean(value.ready));
  text.textContent = value.text;
};
watch("value", show);
show();

(function () {
  "use strict";
  var controls = document.querySelector(".controls");
  var dialog = document.getElementById("large");
  var stage = document.getElementById("stage");
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
  });
  if (!controls) { return; }
  controls.hidden = false;
  var slider = document.getElementById("opacity");
  slider.addEventListener("input", function () {
    document.documentElement.style.setProperty("--overlay", String(slider.value / 100));
  });
  var chooser = document.getElementById("method");
  var figures = Array.prototype.slice.call(document.querySelectorAll(".case figure"));
  var names = [];
  figures.forEach(function (one) {
    var name = one.dataset.method;
    if (name && names.indexOf(name) < 0) { names.push(name); }
  });
  names.forEach(function (name) {
    var option = document.createElement("option");
    option.value = name;
    option.textContent = name;
    chooser.appendChild(option);
  });
  chooser.addEventListener("change", function () {
    figures.forEach(function (one) {
      one.hidden = chooser.value !== "" && one.dataset.method !== "" && one.dataset.method !== chooser.value;
    });
  });
  document.querySelectorAll(".case").forEach(function (one) {
    var button = document.createElement("button");
    button.className = "open";
    button.type = "button";
    button.textContent = tr("Enlarge");
    button.setAttribute("aria-label", tr("Enlarge case ") + one.querySelector("h4").textContent);
    function open() {
      stage.replaceChildren();
      ["h4", ".reason", ".panels"].forEach(function (part) {
        stage.appendChild(one.querySelector(part).cloneNode(true));
      });
      stage.querySelectorAll(".open").forEach(function (copy) { copy.remove(); });
      dialog.showModal();
    }
    button.addEventListener("click", open);
    one.querySelector(".panels").addEventListener("click", open);
    one.querySelector(".reason").appendChild(button);
  });
})();

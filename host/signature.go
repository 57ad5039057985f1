package host

import (
	"fmt"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/signature"
	"github.com/lessee-run/lessee/registry"
)

// checkSignature is a stage of a module's admission: who signed it, judged by
// this host's policy. The error refuses the module.
func (h *Host) checkSignature(m postgres.ModuleBytes, observe func(registry.Stage)) error {
	observe(registry.Stage{Name: registry.StageSignature, State: registry.StageRunning})
	stage := signature.Check(signature.Policy(h.cfg.Signatures), m.Bytes, m.Signatures, m.Keys, h.cfg.TrustedKeys)
	observe(stage)
	if signature.Warned(stage) {
		h.log.Warn("the module runs, because signatures = warn", zap.String("module", m.Name+"@"+m.Version), zap.String("signature", stage.Reason))
	}
	if stage.State == registry.StageFailed {
		return fmt.Errorf("%s: %s", stage.Name, stage.Reason)
	}
	return nil
}
